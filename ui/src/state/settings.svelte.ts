/** What a person set in the panel itself, remembered in this browser. */

export type Theme = 'auto' | 'dark' | 'light';

interface Kept {
  theme: Theme;
  folded: string[];
  shortcuts: boolean;
  wide: boolean;
  hidden: boolean;
}

const KEY = 'wasm-engine.panel';
const DEFAULTS: Kept = { theme: 'auto', folded: [], shortcuts: true, wide: false, hidden: false };

/** Storage may be forbidden; then nothing is remembered. */
function load(): Kept {
  try {
    return { ...DEFAULTS, ...(JSON.parse(localStorage.getItem(KEY) ?? '{}') as Partial<Kept>) };
  } catch {
    return DEFAULTS;
  }
}

class Settings {
  theme = $state<Theme>('auto');
  folded = $state.raw<ReadonlySet<string>>(new Set());
  /** Whether single keys are shortcuts. */
  shortcuts = $state(true);
  /** In the shell: whether the panel takes the whole window instead of its side. */
  wide = $state(false);
  /** In the shell: whether only the app bar is left. */
  hidden = $state(false);

  /** What the system prefers, followed while the theme is `auto`. */
  #system = $state<'dark' | 'light'>('dark');
  readonly shown = $derived(this.theme === 'auto' ? this.#system : this.theme);

  constructor() {
    const kept = load();
    this.theme = kept.theme;
    this.folded = new Set(kept.folded);
    this.shortcuts = kept.shortcuts;
    this.wide = kept.wide;
    this.hidden = kept.hidden;
    const light = window.matchMedia('(prefers-color-scheme: light)');
    this.#system = light.matches ? 'light' : 'dark';
    light.addEventListener('change', () => (this.#system = light.matches ? 'light' : 'dark'));
  }

  /** The other theme; following the system again when that is the same. */
  toggleTheme(): void {
    const other = this.shown === 'dark' ? 'light' : 'dark';
    this.theme = other === this.#system ? 'auto' : other;
    this.#keep();
  }

  toggleFolded(name: string): void {
    const folded = new Set(this.folded);
    if (!folded.delete(name)) folded.add(name);
    this.folded = folded;
    this.#keep();
  }

  unfold(name: string): void {
    if (this.folded.has(name)) this.toggleFolded(name);
  }

  set(change: Partial<Pick<Kept, 'shortcuts' | 'wide' | 'hidden'>>): void {
    Object.assign(this, change);
    this.#keep();
  }

  #keep(): void {
    const { theme, shortcuts, wide, hidden } = this;
    const kept: Kept = { theme, folded: [...this.folded], shortcuts, wide, hidden };
    try {
      localStorage.setItem(KEY, JSON.stringify(kept));
    } catch {
      // Forbidden or full: it holds until the page is left.
    }
  }
}

export const settings = new Settings();
