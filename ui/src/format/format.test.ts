import { describe, expect, it } from 'vitest';
import { bytes, compact, count, duration, ms, rate, share, shortPath, step, withStep, words } from './format';

describe('format', () => {
  it('counts', () => {
    expect([count(0), count(12_345), count(null), count(NaN)]).toEqual(['0', '12,345', '–', '–']);
  });

  it('compact numbers have three digits', () => {
    expect([0, 950, 999.6, 12_345, 999_499, 999_500, 4_560_000].map(compact)).toEqual(['0', '950', '1.00 k', '12.3 k', '999 k', '1.00 M', '4.56 M']);
    expect(compact(null)).toBe('–');
  });

  it('bytes', () => {
    expect([0, 1023, 1024, 16 * 1024, 1023.7 * 1024, 2_000_000].map(bytes)).toEqual(['0 B', '1,023 B', '1.00 KiB', '16.0 KiB', '1.00 MiB', '1.91 MiB']);
  });

  it('milliseconds keep their width', () => {
    expect([0, 0.004, 8.3, 43.6, 99.99, 99.996, 119, 999.96, 1204].map(ms)).toEqual(['0.00', '0.00', '8.30', '43.60', '99.99', '100.0', '119.0', '1,000', '1,204']);
    expect([ms(null), ms(Infinity)]).toEqual(['–', '–']);
  });

  it('rates', () => {
    expect([rate(60), rate(12.54), rate(1200), rate(NaN)]).toEqual(['60.0', '12.5', '1,200', '–']);
  });

  it('durations', () => {
    expect([0, 3.25, 59.96, 760, 3723].map(duration)).toEqual(['0:00.0', '0:03.2', '0:59.9', '12:40.0', '1:02:03']);
  });

  it('parts of a whole stay between none and all', () => {
    expect([share(1, 4), share(9, 4), share(-1, 4), share(1, 0)]).toEqual([0.25, 1, 0, 0]);
  });

  it('steps make about a hundred of a range', () => {
    expect([step(0, 1), step(4, 28), step(20, 300), step(1000, 100_000), step(0.1, 1), step(3, 3)]).toEqual([0.01, 0.1, 1, 1000, 0.01, 1]);
    expect([withStep(0.8, 0.01), withStep(12, 0.1), withStep(100_000, 100)]).toEqual(['0.80', '12.0', '100,000']);
  });

  it('names become words', () => {
    expect(words('missed_deadlines')).toBe('missed deadlines');
  });

  it('paths keep their end', () => {
    const path = '/data/ada/apps/night-sky/night-sky-1.4.0.weapp';
    expect([shortPath(path, 80), shortPath(path, 36), shortPath(path, 12)]).toEqual([path, '…/night-sky/night-sky-1.4.0.weapp', '…1.4.0.weapp']);
    expect(shortPath('C:\\Users\\ada\\apps\\swarm', 14)).toBe('…\\apps\\swarm');
  });
});
