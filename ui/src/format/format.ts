/** Numbers as the panel writes them: always the same number of digits for the same size, so that columns stand still. */

const NONE = '–';
const WHOLE = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** 12,345 */
export function count(value: number | null): string {
  return value === null || !Number.isFinite(value) ? NONE : WHOLE.format(value);
}

/** 950, 12.3 k, 4.56 M: three digits and a unit. */
export function compact(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return NONE;
  const units = ['', ' k', ' M', ' G', ' T', ' P'];
  let at = 0;
  while (Math.abs(value) >= 999.5 && at < units.length - 1) {
    value /= 1000;
    at += 1;
  }
  return (at === 0 ? WHOLE.format(value) : digits(value, 3)) + units[at];
}

/** 512 B, 16.0 KiB, 2.34 MiB */
export function bytes(value: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let at = 0;
  while (value >= 1023.5 && at < units.length - 1) {
    value /= 1024;
    at += 1;
  }
  return `${at === 0 ? WHOLE.format(value) : digits(value, 3)} ${units[at]}`;
}

/** Milliseconds without the unit: 0.00, 8.30, 43.60, 119.0, 1,204 */
export function ms(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return NONE;
  if (Math.abs(value) >= 999.95) return WHOLE.format(value);
  return value.toFixed(Math.abs(value) >= 99.995 ? 1 : 2);
}

/** Times a second: 60.0, 12.5, 1,200 */
export function rate(value: number): string {
  if (!Number.isFinite(value)) return NONE;
  return value >= 999.95 ? WHOLE.format(value) : value.toFixed(1);
}

/** 0:03.2, 12:40.0, 1:02:03 */
export function duration(seconds: number): string {
  const tenths = Math.floor(seconds * 10);
  const minutes = Math.floor(tenths / 600);
  const two = (n: number) => String(n).padStart(2, '0');
  if (minutes >= 60) return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(Math.floor(tenths / 10) % 60)}`;
  return `${minutes}:${two(Math.floor(tenths / 10) % 60)}.${tenths % 10}`;
}

/** Part of a whole, from 0 to 1. */
export function share(part: number, whole: number): number {
  return whole > 0 ? Math.min(1, Math.max(0, part / whole)) : 0;
}

/** The step of a parameter's slider: the power of ten that makes about a hundred steps of its range. */
export function step(min: number, max: number): number {
  const range = max - min;
  return range > 0 && Number.isFinite(range) ? 10 ** Math.round(Math.log10(range / 100)) : 1;
}

/** A parameter's value with as many decimals as its step has. */
export function withStep(value: number, by: number): string {
  const decimals = Math.min(6, Math.max(0, -Math.floor(Math.log10(by) + 1e-9)));
  return value.toLocaleString('en-US', { minimumFractionDigits: decimals, maximumFractionDigits: decimals });
}

/** `missed_deadlines` → `missed deadlines` */
export function words(name: string): string {
  return name.replaceAll('_', ' ');
}

function digits(value: number, wanted: number): string {
  const before = Math.floor(Math.log10(Math.max(1, Math.abs(value) + 1e-9))) + 1;
  return value.toFixed(Math.max(0, wanted - before));
}

/** A path in at most `most` characters: as many of its last parts as fit, behind an ellipsis. */
export function shortPath(path: string, most: number): string {
  if (path.length <= most) return path;
  const parts = path.split(/(?=[/\\])/);
  let tail = parts.at(-1) ?? path;
  for (const part of parts.slice(0, -1).reverse()) {
    if (1 + part.length + tail.length > most) break;
    tail = part + tail;
  }
  return tail.length < most ? `…${tail}` : `…${tail.slice(tail.length - most + 1)}`;
}
