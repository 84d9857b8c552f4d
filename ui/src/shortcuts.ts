/** A key and what it does. */
export interface Shortcut {
  /** `KeyboardEvent.key`; a capital letter is one with Shift, whatever Caps Lock says. */
  key: string;
  /** Whether it is done again and again while the key is held. */
  repeats?: true;
  label: string;
  what: string;
  run: () => void;
}

/** The shortcut that a key press means, if it is not meant for what has the focus. */
export function shortcutOf(event: KeyboardEvent, shortcuts: Shortcut[]): Shortcut | null {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return null;
  const target = event.target instanceof Element ? event.target : null;
  if (target?.closest('dialog, select, textarea, input:not([type=range], [type=checkbox])')) return null;
  // Space presses what has the focus, or scrolls it.
  if (event.key === ' ' && (target?.closest('button, input, [role=slider]') || target?.matches('.scroll'))) return null;
  const key = /^[a-z]$/i.test(event.key) ? (event.shiftKey ? event.key.toUpperCase() : event.key.toLowerCase()) : event.key;
  return shortcuts.find((shortcut) => shortcut.key === key) ?? null;
}
