import { describe, expect, it } from 'vitest';
import type { Frame } from '../protocol';
import { needed, quantile, reach, stacked, summarize } from './frames';

const frame = (total: number | null, rest: Partial<Frame> = {}): Frame => ({
  token: 1,
  wait: null,
  compute: total,
  page: null,
  compose: null,
  present: null,
  total,
  late: false,
  ...rest,
});

describe('summarize', () => {
  it('of no frames has no numbers', () => {
    expect(summarize([])).toEqual({ count: 0, late: 0, p50: null, p95: null, p99: null, max: null, jitter: null });
  });

  it('takes quantiles, deviation and misses from the totals', () => {
    const frames = Array.from({ length: 100 }, (_, at) => frame(100 - at, { late: at < 3 }));
    const summary = summarize(frames);
    expect(summary).toMatchObject({ count: 100, late: 3, p50: 50, p95: 95, p99: 99, max: 100 });
    expect(summary.jitter).toBeCloseTo(28.866, 3);
  });

  it('leaves out frames that are not finished', () => {
    expect(summarize([frame(2), frame(null)])).toMatchObject({ count: 2, p50: 2, max: 2, jitter: 0 });
  });
});

describe('quantile', () => {
  it('is a value that occurred', () => {
    expect([quantile([1, 2], 0.5), quantile([1, 2], 0.51), quantile([], 0.5), quantile([3], 0)]).toEqual([1, 2, null, 3]);
  });
});

describe('the time axis', () => {
  it('grows at once', () => {
    expect(reach(21, 20)).toBe(30);
    expect(reach(20_000, 20)).toBe(20_000);
  });

  it('stands still until much less is needed', () => {
    expect(reach(19, 40)).toBe(40);
    expect(reach(17, 40)).toBe(20);
  });

  it('holds the budget and nearly all frames, and cuts off the rest', () => {
    const frames = [...Array.from({ length: 99 }, () => frame(10)), frame(500)];
    expect(needed(frames, 16).above).toBeCloseTo(18.4);
    expect(needed(frames, 5).above).toBeCloseTo(10.8);
    expect(needed([], 0)).toEqual({ above: 9, below: 0 });
    expect(needed([frame(1, { page: 10 })], 0).below).toBeCloseTo(10.8);
  });
});

describe('a stack', () => {
  it('is as high as the stages that follow one another, which the page does not', () => {
    expect(stacked({ ...frame(9), wait: 1, compute: 2, page: 50, compose: 3, present: null })).toBe(6);
  });
});
