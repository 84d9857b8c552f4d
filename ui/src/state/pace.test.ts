import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Pace } from './pace';

beforeEach(() => {
  vi.useFakeTimers({ now: 1_000 });
});
afterEach(() => {
  vi.useRealTimers();
});

test('of many in a short time the first and the last are done, apart', () => {
  const pace = new Pace(200);
  const done: number[] = [];
  for (let asked = 0; asked < 30; asked += 1) {
    pace.run(() => done.push(asked), true);
    vi.advanceTimersByTime(10);
  }
  // Asked for at 0, 10, … 290 ms, done at 0, 200 and 400 ms.
  expect(done).toEqual([0, 19]);
  vi.advanceTimersByTime(1_000);
  expect(done).toEqual([0, 19, 29]);
});

test('what somebody waits for is done at once, and what waited is not', () => {
  const pace = new Pace(200);
  const done: string[] = [];
  pace.run(() => done.push('first'), true);
  pace.run(() => done.push('later'), true);
  pace.run(() => done.push('now'), false);
  vi.advanceTimersByTime(1_000);
  expect(done).toEqual(['first', 'now']);
});

test('nothing is done after the end', () => {
  const pace = new Pace(200);
  const done: string[] = [];
  pace.run(() => done.push('first'), true);
  pace.run(() => done.push('later'), true);
  pace.stop();
  vi.advanceTimersByTime(1_000);
  expect(done).toEqual(['first']);
});
