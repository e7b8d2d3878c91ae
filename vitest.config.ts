import { defineConfig } from 'vitest/config';

/** Takes more than one core for minutes: what promises seconds cannot be measured beside it. */
const CAMPAIGN = 'test/brokers/kafka/campaign.test.ts';

export default defineConfig({
  test: {
    projects: [
      {
        extends: true,
        test: {
          name: 'tests',
          include: ['test/**/*.test.ts'],
          exclude: ['test/long/**', 'node_modules/**', CAMPAIGN],
          sequence: { groupOrder: 0 },
        },
      },
      { extends: true, test: { name: 'alone', include: [CAMPAIGN], sequence: { groupOrder: 1 } } },
    ],
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
