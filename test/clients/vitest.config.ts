import { defineConfig } from 'vitest/config'

// The real clients: one file at a time, since each has a broker and clients of its own and the machine may be small.
export default defineConfig({
  test: {
    include: ['test/clients/**/*.test.ts'],
    testTimeout: 120_000,
    hookTimeout: 60_000,
    pool: 'forks',
    fileParallelism: false,
  },
})
