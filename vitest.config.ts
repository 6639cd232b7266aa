import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    pool: 'forks',
    execArgv: ['--conditions=development'],
    testTimeout: 30_000,
    reporters: ['default'],
  },
});
