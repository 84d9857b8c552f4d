import { expect, it } from 'vitest';
import { Backoff } from './backoff';

it('waits twice as long each time, up to a limit, and begins anew after a reset', () => {
  const backoff = new Backoff(() => 1);
  expect(Array.from({ length: 7 }, () => backoff.nextMillis())).toEqual([500, 1000, 2000, 4000, 8000, 15_000, 15_000]);
  backoff.reset();
  expect(backoff.nextMillis()).toBe(500);
});

it('differs between clients by at most a quarter', () => {
  expect(new Backoff(() => 0).nextMillis()).toBe(375);
});
