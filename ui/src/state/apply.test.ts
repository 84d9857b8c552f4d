import { describe, expect, it } from 'vitest';
import type { Change, Frame, Guest, LogEntry } from '../protocol';
import { apply, begin, EMPTY, isRoutine, type View } from './apply';
import { FRAMES_MAX, LOG_MAX } from './limits';

const NOTHING: Change = {
  run: null,
  guests: null,
  frames: [],
  frames_missed: 0,
  stages: null,
  buffers: null,
  lanes: null,
  counters: null,
  log: [],
  log_missed: 0,
  permissions: null,
  params: null,
};

const frame = (token: number): Frame => ({ token, wait: 0, compute: 1, page: null, compose: 1, present: 1, total: 3, late: false });
const entry = (number: number): LogEntry => ({ number, seconds: 0, tick: null, level: 'info', part: 'engine', code: null, text: String(number) });
const numbers = (from: number, to: number) => Array.from({ length: to - from }, (_, at) => from + at);

describe('a snapshot', () => {
  it('is the state, with nothing missed', () => {
    const view = begin({ ...EMPTY, frames: [frame(1)], log: [entry(1)] });
    expect(view.frames.map(({ token }) => token)).toEqual([1]);
    expect([view.frames_missed, view.log_missed]).toEqual([0, 0]);
  });

  it('is cut to what the panel keeps, the newest first of all', () => {
    const view = begin({ ...EMPTY, frames: numbers(0, 400).map(frame), log: numbers(0, 1200).map(entry) });
    expect([view.frames.length, view.frames.at(-1)?.token]).toEqual([FRAMES_MAX, 399]);
    expect([view.log.length, view.log.at(-1)?.number]).toEqual([LOG_MAX, 1199]);
  });
});

describe('a change', () => {
  it('of nothing keeps every part the same object', () => {
    const after = apply(EMPTY, NOTHING);
    for (const part of Object.keys(EMPTY) as (keyof View)[]) expect(after[part]).toBe(EMPTY[part]);
  });

  it('replaces what it names and nothing else', () => {
    const run = { ...EMPTY.run, tick: 5 };
    const after = apply(EMPTY, { ...NOTHING, run, params: [{ name: 'speed', value: 2 }] });
    expect(after.run).toBe(run);
    expect(after.params).toEqual([{ name: 'speed', value: 2 }]);
    expect(after.guests).toBe(EMPTY.guests);
  });

  it('replaces with an empty list when it says so', () => {
    const before = { ...EMPTY, params: [{ name: 'speed', value: 2 }] };
    expect(apply(before, { ...NOTHING, params: [] }).params).toEqual([]);
  });

  it('adds frames and log entries, at most so many', () => {
    let view = begin({ ...EMPTY, frames: numbers(0, 299).map(frame), log: numbers(0, 999).map(entry) });
    view = apply(view, { ...NOTHING, frames: [frame(299), frame(300)], log: [entry(999), entry(1000)] });
    expect([view.frames.length, view.frames[0]?.token, view.frames.at(-1)?.token]).toEqual([FRAMES_MAX, 1, 300]);
    expect([view.log.length, view.log[0]?.number, view.log.at(-1)?.number]).toEqual([LOG_MAX, 1, 1000]);
  });

  it('does not alter the view before it', () => {
    const before = begin({ ...EMPTY, frames: [frame(1)] });
    apply(before, { ...NOTHING, frames: [frame(2)] });
    expect(before.frames).toHaveLength(1);
  });

  it('adds up what was missed', () => {
    let view = apply(EMPTY, { ...NOTHING, frames_missed: 3, log_missed: 1 });
    view = apply(view, { ...NOTHING, frames_missed: 4 });
    expect([view.frames_missed, view.log_missed]).toEqual([7, 1]);
  });
});

describe('what somebody waits for', () => {
  const guest: Guest = {
    name: 'spin',
    kind: 'kernel',
    state: 'running',
    instances: 1,
    ticks: 1,
    tick_ms_p50: 0,
    tick_ms_p99: 0,
    fuel: null,
    memory_bytes: 0,
    memory_max_bytes: 0,
    last_error: null,
  };
  const view: View = { ...begin(EMPTY), guests: [guest] };
  const problem = { code: 'GPU_LOST', message: 'gone', hint: null };

  it('is no number that goes on by itself', () => {
    expect(isRoutine(view, { ...NOTHING, run: { ...EMPTY.run, tick: 7 }, guests: [{ ...guest, ticks: 7 }], frames: [frame(1)] })).toBe(true);
  });

  it('is a phase, the HUD, a problem, the end of a guest, and what the log says', () => {
    const changes: Partial<Change>[] = [
      { run: { ...EMPTY.run, phase: 'paused' } },
      { run: { ...EMPTY.run, hud: !EMPTY.run.hud } },
      { run: { ...EMPTY.run, page_problem: problem } },
      { run: { ...EMPTY.run, gpu_problem: problem } },
      { guests: [{ ...guest, state: 'KERNEL_TRAPPED' }] },
      { log: [entry(1)] },
    ];
    for (const change of changes) expect(isRoutine(view, { ...NOTHING, ...change })).toBe(false);
  });
});
