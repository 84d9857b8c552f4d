import { defineConfig } from 'vitest/config';

// The built panel in a real browser: `npm run build` first.
export default defineConfig({
  server: { host: '127.0.0.1' },
  test: {
    include: ['tests/**/*.spec.ts'],
    environment: 'node',
    testTimeout: 60_000,
    hookTimeout: 60_000,
    fileParallelism: false,
  },
});
