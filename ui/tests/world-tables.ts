/** What does not change in the make-believe swarm: its buffers, lanes, rights, and the names of what is counted and timed. */

import type { Buffer, Decision, Frame, Lane, Permission, Scope } from '../src/protocol';

export const BUFFERS: Buffer[] = [
  { name: 'boids', bytes: 2_000_000, generation: 0, per_second: 0, writer: 'flock', readers: ['grid', 'compositor'] },
  { name: 'sorted', bytes: 1_600_256, generation: 0, per_second: 0, writer: 'grid', readers: ['flock'] },
  { name: 'cells', bytes: 524_416, generation: 0, per_second: 0, writer: 'grid', readers: ['flock', 'compositor'] },
  { name: 'palette', bytes: 4_096, generation: 0, per_second: 0, writer: 'palette', readers: ['compositor'] },
  { name: 'layout', bytes: 4_096, generation: 0, per_second: 0, writer: null, readers: ['compositor'] },
];

const lane = (name: string, item_bytes: number, capacity: number, when_full: string): Lane => ({
  name,
  item_bytes,
  capacity,
  depth: 0,
  highest: 0,
  rejects: 0,
  when_full,
});

export const LANES: Lane[] = [
  lane('ticks', 32, 256, 'reject'),
  lane('page-messages', 64, 1024, 'reject'),
  lane('page-topics', 64, 64, 'coalesce'),
  lane('pointer', 24, 1, 'coalesce'),
  lane('record', 64, 4096, 'block'),
];

/** A right as the manifest gives it, and what a person has decided about it. */
export interface Right {
  guest: string;
  right: string;
  object: string;
  manifest: Decision;
  decided: { decision: Decision; scope: Scope } | null;
}

const right = (guest: string, name: string, object: string, manifest: Decision = 'allow', decided: Right['decided'] = null): Right => ({
  guest,
  right: name,
  object,
  manifest,
  decided,
});

export const RIGHTS: Right[] = [
  right('grid', 'read', 'boids', 'allow', { decision: 'allow', scope: 'run' }),
  right('grid', 'write', 'sorted'),
  right('grid', 'write', 'cells'),
  right('flock', 'read', 'sorted'),
  right('flock', 'read', 'cells'),
  right('flock', 'write', 'boids'),
  right('flock', 'emit', 'stats', 'deny', { decision: 'allow', scope: 'always' }),
  right('palette', 'read', 'boids', 'deny'),
  right('palette', 'write', 'palette'),
  right('palette', 'emit', 'stats', 'allow', { decision: 'deny', scope: 'always' }),
];

/** A right as the engine tells it, when a guest begins with it. */
export function begun({ guest, right, object, manifest, decided }: Right): Permission {
  return { guest, right, object, decision: decided?.decision ?? manifest, scope: decided?.scope ?? null, next: null, why: why(manifest, decided) };
}

export function why(manifest: Decision, decided: Right['decided']): string {
  if (decided) return decided.scope === 'always' ? 'decided for every run' : 'decided for this run';
  return manifest === 'allow' ? 'granted by the manifest' : 'not granted';
}

const counter = (name: string, unit: string, what: string) => ({ name, unit, what });

export const COUNTERS = [
  counter('ticks_run', 'count', 'Ticks whose kernels all ran.'),
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
  counter('captures', 'count', "Frames captured to an image, off the frame's path."),
  counter('guest_faults', 'count', 'Guest calls that ended with an error.'),
  counter('guest_log_dropped', 'count', 'Log lines of guests dropped for exceeding a limit.'),
  counter('events_emitted', 'count', 'Events that guests and the page emitted.'),
  counter('lane_rejects', 'count', 'Messages that a full lane turned away.'),
];

const stage = (name: string, what: string, pick: (frame: Frame) => number | null) => ({ name, what, pick });

export const STAGES = [
  stage('wait', 'Queued → compute start: waiting for a worker.', (frame) => frame.wait),
  stage('compute', 'Compute start → compute end: kernels at work.', (frame) => frame.compute),
  stage('page', 'Page start → page end: Servo at work.', (frame) => frame.page),
  stage('compose', 'Compute end → composed: until the compositor has taken and drawn the result.', (frame) => frame.compose),
  stage('present', 'Composed → presented: until the display has it.', (frame) => frame.present),
  stage('total_presented', 'Queued → presented.', (frame) => frame.total),
];
