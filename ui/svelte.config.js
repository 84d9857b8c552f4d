import { vitePreprocess } from '@sveltejs/vite-plugin-svelte';

export default {
  preprocess: vitePreprocess(),
  compilerOptions: {
    runes: true,
    // Tables whose rows are grids in a narrow panel say that they are tables, which browsers otherwise forget.
    warningFilter: ({ code }) => code !== 'a11y_no_redundant_roles',
  },
};
