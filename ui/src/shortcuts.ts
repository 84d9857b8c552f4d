/** A key and what it does. */
export interface Shortcut {
  /** `KeyboardEvent.key`; a capital letter is one with Shift. */
  key: string;
  label: string;
  what: string;
  run: () => void;
}

/** The shortcut that a key press means, if it is not meant for what has the focus. */
export function shortcutOf(event: KeyboardEvent, shortcuts: Shortcut[]): Shortcut | null {
  if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return null;
  const target = event.target instanceof Element ? event.target : null;
  if (target?.closest('dialog, select, textarea, input:not([type=range], [type=checkbox])')) return null;
  if (event.key === ' ' && target?.closest('button, input, [role=slider]')) return null;
  return shortcuts.find((shortcut) => shortcut.key === event.key) ?? null;
}
