import { defineConfig } from 'vitest/config';

/** What needs more than CI has: long campaigns, fuzzing, soak runs. */
export default defineConfig({
  test: {
    include: ['test/long/**/*.test.ts'],
    globalSetup: ['test/support/kafka/global-setup.ts'],
    testTimeout: 4 * 60 * 60 * 1000,
    hookTimeout: 300_000,
    pool: 'forks',
    maxWorkers: 1,
    reporters: ['verbose', './scripts/count-reporter.ts'],
  },
});
