import type { Frame } from '../protocol';

/** The stages that follow one another and make up a frame's total, and `page`, which runs beside them. */
export const STAGES = ['wait', 'compute', 'page', 'compose', 'present'] as const;
export type StageName = (typeof STAGES)[number];

/** What the shown frames come to, in milliseconds. */
export interface Summary {
  count: number;
  late: number;
  p50: number | null;
  p95: number | null;
  p99: number | null;
  max: number | null;
  /** Standard deviation of the totals. */
  jitter: number | null;
}

export function summarize(frames: Frame[]): Summary {
  const totals = frames.flatMap((frame) => (frame.total === null ? [] : [frame.total])).sort((a, b) => a - b);
  const late = frames.reduce((sum, frame) => sum + (frame.late ? 1 : 0), 0);
  return {
    count: frames.length,
    late,
    p50: quantile(totals, 0.5),
    p95: quantile(totals, 0.95),
    p99: quantile(totals, 0.99),
    max: totals.at(-1) ?? null,
    jitter: deviation(totals),
  };
}

/** The smallest value that at least `share` of the sorted values do not exceed. */
export function quantile(sorted: number[], share: number): number | null {
  if (sorted.length === 0) return null;
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? null;
}

function deviation(values: number[]): number | null {
  if (values.length === 0) return null;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length);
}

const STEPS = [5, 10, 20, 30, 40, 60, 80, 120, 160, 240, 320, 500, 750, 1000, 2000, 5000, 10_000];

/**
 * How far a time axis reaches: the first round step that holds `needed`. It grows at once and shrinks only when less than half of it is
 * used, so that the axis stands still while frames come and go.
 */
export function reach(needed: number, before: number): number {
  const fit = STEPS.find((step) => step >= needed) ?? needed;
  return fit > before || needed < before * 0.45 ? fit : before;
}

/** What the axes must hold: all but the longest two of a hundred frames, and the budget. Longer frames are cut off and marked. */
export function needed(frames: Frame[], budgetMs: number): { above: number; below: number } {
  const sorted = (pick: (frame: Frame) => number | null) =>
    frames.flatMap((frame) => pick(frame) ?? []).sort((a, b) => a - b);
  const above = Math.max((quantile(sorted(stacked), 0.98) ?? 0) * 1.08, budgetMs * 1.15, 9);
  const below = (quantile(sorted((frame) => frame.page), 0.98) ?? 0) * 1.08;
  return { above, below };
}

/** The height of a frame's stack. */
export function stacked(frame: Frame): number {
  return (frame.wait ?? 0) + (frame.compute ?? 0) + (frame.compose ?? 0) + (frame.present ?? 0);
}
