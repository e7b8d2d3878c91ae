import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    exclude: ['test/long/**', 'node_modules/**'],
    setupFiles: ['test/support/fixed-seeds.ts'],
    globalSetup: ['test/support/kafka/global-setup.ts'],
    // real brokers, browsers and processes share two cores: what fails once is shown and tried again, what fails twice fails
    retry: process.env.CI === 'true' ? 1 : 0,
    testTimeout: 30_000,
    hookTimeout: 180_000,
    pool: 'forks',
    maxWorkers: 2,
    reporters: [['default', { summary: false }], './scripts/count-reporter.ts'],
  },
});
