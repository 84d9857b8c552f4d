import { describe, expect, it } from 'vitest';
import type { Level, LogEntry } from '../protocol';
import { matching } from './log';

const entry = (number: number, level: Level, part: string, text: string, code: string | null = null): LogEntry => ({
  number,
  seconds: 0,
  tick: null,
  level,
  part,
  code,
  text,
});

const LOG = [
  entry(1, 'info', 'page', 'connected'),
  entry(2, 'debug', 'guest', 'Flock: 21 neighbors'),
  entry(3, 'warn', 'gpu', 'copied instead of imported', 'SURFACE_COPIED'),
  entry(4, 'error', 'engine', 'kernel `flock` did not end', 'DEADLINE'),
];

const found = (level: Level, text: string) => matching(LOG, level, text).map(({ number }) => number);

describe('matching', () => {
  it('is the log itself when nothing is filtered', () => {
    expect(matching(LOG, 'debug', ' ')).toBe(LOG);
  });

  it('keeps a level and all that are graver', () => {
    expect([found('error', ''), found('warn', ''), found('info', '')]).toEqual([[4], [3, 4], [1, 3, 4]]);
  });

  it('finds every word in part, code or text, in any case', () => {
    expect(found('debug', 'flock')).toEqual([2, 4]);
    expect(found('debug', 'FLOCK deadline')).toEqual([4]);
    expect(found('debug', 'gpu surface_')).toEqual([3]);
    expect(found('error', 'gpu')).toEqual([]);
  });
});
