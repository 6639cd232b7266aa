import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    // Vitest leaves a core free by itself: of two cores one would idle while the tests wait for real clocks and disks.
    maxWorkers: '100%',
    execArgv: ['--conditions=development'],
    testTimeout: 30_000,
    reporters: ['default'],
  },
});
