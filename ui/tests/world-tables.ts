/** What does not change in the make-believe swarm: its buffers, lanes, rights, and the names of what is counted and timed. */

import type { Buffer, Decision, Frame, Lane, Permission, Problem, Scope } from '../src/protocol';

export const BUFFERS: Buffer[] = [
  { name: 'boids', bytes: 2_000_000, generation: 0, per_second: 0, writer: 'flock', readers: ['grid', 'palette', 'swarm'] },
  { name: 'sorted', bytes: 1_600_256, generation: 0, per_second: 0, writer: 'grid', readers: ['flock'] },
  { name: 'cells', bytes: 524_416, generation: 0, per_second: 0, writer: 'grid', readers: ['flock'] },
  { name: 'palette', bytes: 4_096, generation: 0, per_second: 0, writer: 'palette', readers: ['swarm'] },
  { name: 'layout', bytes: 16_448, generation: 0, per_second: 0, writer: 'page', readers: ['compositor'] },
];

export const LANES: Lane[] = [{ name: 'ticks', item_bytes: 16, capacity: 256, depth: 0, highest: 0, rejects: 0, when_full: 'reject' }];

/** A right that the manifest grants, and what a person has decided about it. */
export interface Right {
  guest: string;
  right: 'read' | 'write';
  object: string;
  decided: { decision: Decision; scope: Scope } | null;
}

const right = (guest: string, name: Right['right'], object: string, decided: Right['decided'] = null): Right => ({ guest, right: name, object, decided });

export const RIGHTS: Right[] = [
  right('grid', 'read', 'boids', { decision: 'allow', scope: 'run' }),
  right('grid', 'write', 'sorted'),
  right('grid', 'write', 'cells'),
  right('flock', 'read', 'sorted'),
  right('flock', 'read', 'cells', { decision: 'allow', scope: 'always' }),
  right('flock', 'write', 'boids'),
  right('palette', 'read', 'boids'),
  right('palette', 'write', 'palette'),
];

/** A right as the engine tells it, when a guest begins with it. */
export function begun({ guest, right, object, decided }: Right): Permission {
  return { guest, right, object, decision: decided?.decision ?? 'allow', scope: decided?.scope ?? null, next: null, why: why(decided) };
}

/** Why what is allowed again is denied until its guest restarts. */
export const DENIED = 'it was denied, and the guest has not begun anew';

export function why(decided: Right['decided']): string {
  if (decided) return decided.scope === 'always' ? 'decided for every run' : 'decided for this run';
  return 'the manifest grants it';
}

/** What ends a guest to which a right is denied. */
export function denied({ right, object }: Right | Permission): Problem {
  return {
    code: 'PERMISSION_DENIED',
    message: `it was denied to ${right} buffer \`${object}\``,
    hint: "allow it in the panel's permissions, and restart the guest or the run",
  };
}

const counter = (name: string, unit: string, what: string) => ({ name, unit, what });

export const COUNTERS = [
  counter('ticks_run', 'count', 'Ticks that were run, also those in which a kernel failed or had ended.'),
  counter('frames_composed', 'count', 'Frames that the compositor drew.'),
  counter('frames_presented', 'count', 'Frames given to a display.'),
  counter('frames_skipped', 'count', 'Frames not drawn because nothing had changed.'),
  counter('missed_deadlines', 'count', 'Frames that took longer than the budget from queued to glass.'),
  counter('copied_bytes', 'bytes', 'Bytes that the engine copied between producer and compositor.'),
  counter('uploaded_bytes', 'bytes', 'Bytes copied from CPU memory into GPU memory.'),
  counter('read_backs', 'count', "Times that pixels were read back from the GPU on the frame's path."),
  counter('gpu_submissions', 'count', 'Command submissions to the GPU.'),
  counter('page_frames', 'count', 'Frames that the page painted.'),
  counter('page_frames_shared', 'count', 'Page frames handed over as shared textures.'),
  counter('page_frames_cpu', 'count', 'Page frames handed over through CPU memory.'),
  counter('page_blits', 'count', 'GPU copies of page frames into shared textures.'),
  counter('panel_frames', 'count', 'Panel frames in which something was different.'),
  counter('panel_bytes', 'bytes', "Bytes of the panel's pixels copied into GPU memory."),
  counter('captures', 'count', "Frames captured to an image, off the frame's path."),
  counter('guest_faults', 'count', 'Guest calls that ended with an error.'),
  counter('guest_log_dropped', 'count', 'Log lines of guests dropped for exceeding a limit.'),
  counter('events_emitted', 'count', 'Events that guests and the page emitted.'),
  counter('lane_rejects', 'count', 'Messages that a full lane turned away.'),
];

const stage = (name: string, what: string, pick: (frame: Frame) => number | null) => ({ name, what, pick });

export const STAGES = [
  stage('wait', 'until the kernels begin', (frame) => frame.wait),
  stage('compute', 'kernels at work', (frame) => frame.compute),
  stage('page', 'Servo at work', (frame) => frame.page),
  stage('compose', 'until the compositor has drawn it', (frame) => frame.compose),
  stage('present', 'until the display has it', (frame) => frame.present),
  stage('total_composed', 'from queued to composed', (frame) => (frame.total ?? 0) - (frame.present ?? 0)),
  stage('total_presented', 'from queued to presented', (frame) => frame.total),
];
