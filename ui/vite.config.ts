import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';

export default defineConfig(({ mode }) => ({
  plugins: [svelte()],
  // The page of the documentation has recorded data beside it; nothing else has.
  publicDir: mode === 'demo' ? 'demo' : false,
  // Relative, so that one build works under any address: the shell's, the engine's and a documentation site's.
  base: './',
  build: {
    target: ['es2022', 'safari16'],
    modulePreload: false,
    // Few files with steady names, so that the engine can carry them in its binary.
    rollupOptions: {
      output: { entryFileNames: 'panel.js', chunkFileNames: 'panel-[name].js', assetFileNames: 'panel[extname]' },
    },
  },
  // An address, not a name: a bare root may know no names.
  server: { host: '127.0.0.1' },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
}));
