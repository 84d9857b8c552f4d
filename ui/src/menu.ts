/** What a menu holds, where its keys lead and where it lies. */
export type MenuItem =
  | {
      kind: 'item' | 'radio' | 'checkbox';
      label: string;
      /** A second line: what follows from it, or where it is. */
      detail?: string | null;
      /** The whole of what is shortened. */
      title?: string;
      checked?: boolean;
      danger?: boolean;
      run: () => void;
    }
  | { kind: 'heading'; label: string }
  | { kind: 'line' };

/** The item that a key leads to, in a ring; `null` if it is no key of a menu. */
export function moved(count: number, from: number, key: string): number | null {
  if (count === 0) return null;
  switch (key) {
    case 'ArrowDown':
      return (from + 1) % count;
    case 'ArrowUp':
      return (from - 1 + count) % count;
    case 'Home':
      return 0;
    case 'End':
      return count - 1;
    default:
      return null;
  }
}

/** The next item, after the one that has the focus, that begins with a letter. */
export function lettered(labels: string[], from: number, letter: string): number | null {
  for (let by = 1; by <= labels.length; by += 1) {
    const at = (from + by) % labels.length;
    if (labels[at]?.toLowerCase().startsWith(letter.toLowerCase())) return at;
  }
  return null;
}

interface Box {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

const GAP = 4;
const MARGIN = 8;

/** Where a menu lies: below what opened it, above where there is more room; along its left edge, or its right one where it lies to the right. */
export function placed(anchor: Box, size: { width: number; height: number }, window: { width: number; height: number }): { left: number; top: number; height: number } {
  const rightward = anchor.left + anchor.right > window.width;
  const left = rightward ? anchor.right - size.width : anchor.left;
  const below = window.height - anchor.bottom - GAP - MARGIN;
  const above = anchor.top - GAP - MARGIN;
  const down = size.height <= below || below >= above;
  const height = Math.min(size.height, Math.max(down ? below : above, 0));
  return {
    left: Math.max(MARGIN, Math.min(left, window.width - size.width - MARGIN)),
    top: down ? anchor.bottom + GAP : anchor.top - GAP - height,
    height,
  };
}
