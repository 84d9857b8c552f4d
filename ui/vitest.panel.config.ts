import { defineConfig } from 'vitest/config';

// The built panel in a real browser: `npm run build` first.
export default defineConfig({
  server: { host: '127.0.0.1' },
  test: {
    include: ['tests/**/*.spec.ts'],
    environment: 'node',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Each file brings a browser of its own, and waits more than it computes.
    maxWorkers: 2,
    minWorkers: 1,
  },
});
