import type { Level, LogEntry } from '../protocol';

/** From the gravest on. */
export const LEVELS: Level[] = ['error', 'warn', 'info', 'debug'];

/** The entries at least as grave as `level` that contain every word of `text`, in any case. */
export function matching(log: LogEntry[], level: Level, text: string): LogEntry[] {
  const deepest = LEVELS.indexOf(level);
  const wanted = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (deepest === LEVELS.length - 1 && wanted.length === 0) return log;
  return log.filter((entry) => {
    if (LEVELS.indexOf(entry.level) > deepest) return false;
    if (wanted.length === 0) return true;
    const all = `${entry.level} ${entry.part} ${entry.code ?? ''} ${entry.text}`.toLowerCase();
    return wanted.every((word) => all.includes(word));
  });
}
