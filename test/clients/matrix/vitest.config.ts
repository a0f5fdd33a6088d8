import { defineConfig } from 'vitest/config'

// Other people's clients, one after the other. Named so that neither `npm test` nor `npm run test:clients` picks it up.
export default defineConfig({
  test: {
    include: ['test/clients/matrix/*.suite.ts'],
    testTimeout: 240_000,
    hookTimeout: 60_000,
    pool: 'forks',
    fileParallelism: false,
  },
})
