import type { Change, Guest, Run, State } from '../protocol';
import { FRAMES_MAX, LOG_MAX } from './limits';

/** What the panel shows: the engine's state, and how much of frames and log this client was not sent. */
export interface View extends State {
  frames_missed: number;
  log_missed: number;
}

const RUN: Run = {
  phase: 'starting',
  tick: 0,
  seed: '0',
  seconds: 0,
  ticks_per_second: 0,
  frames_per_second: 0,
  rate: 0,
  budget_ms: 0,
  late_frames: 0,
  frames: 0,
  size: [0, 0],
  scale: 1,
  gpu: '',
  page: '',
  page_problem: null,
  gpu_problem: null,
  workers: 0,
  hud: false,
};

/** Before the first snapshot. */
export const EMPTY: View = {
  run: RUN,
  guests: [],
  frames: [],
  stages: [],
  buffers: [],
  lanes: [],
  counters: [],
  log: [],
  permissions: [],
  params: [],
  frames_missed: 0,
  log_missed: 0,
};

/** The view of a snapshot. */
export function begin(state: State): View {
  return { ...state, frames: state.frames.slice(-FRAMES_MAX), log: state.log.slice(-LOG_MAX), frames_missed: 0, log_missed: 0 };
}

/** The view after a change. Parts that did not change stay the same objects, so that what shows them has nothing to do. */
export function apply(view: View, change: Change): View {
  return {
    run: change.run ?? view.run,
    guests: change.guests ?? view.guests,
    frames: append(view.frames, change.frames, FRAMES_MAX),
    stages: change.stages ?? view.stages,
    buffers: change.buffers ?? view.buffers,
    lanes: change.lanes ?? view.lanes,
    counters: change.counters ?? view.counters,
    log: append(view.log, change.log, LOG_MAX),
    permissions: change.permissions ?? view.permissions,
    params: change.params ?? view.params,
    frames_missed: view.frames_missed + change.frames_missed,
    log_missed: view.log_missed + change.log_missed,
  };
}

/** Whether a change has nothing but numbers that go on by themselves: nobody waits for it. */
export function isRoutine(view: View, { run, guests, log, permissions, params }: Change): boolean {
  const told = ({ phase, hud, page_problem, gpu_problem }: Run) => [phase, hud, page_problem?.code, gpu_problem?.code].join();
  const states = (all: Guest[]) => all.map(({ state }) => state).join();
  const isNews = (run && told(run) !== told(view.run)) || (guests && states(guests) !== states(view.guests));
  return !isNews && log.length === 0 && !permissions && !params;
}

function append<T>(kept: T[], added: T[], max: number): T[] {
  if (added.length === 0) return kept;
  return kept.concat(added).slice(-max);
}
