/** A make-believe engine that runs the swarm: everything it says comes from one random sequence, so that a seed gives the same run again. */

import { type AppInfo, type Ask, type Change, type CounterValue, type Frame, type FromEngine, type Guest, type LogEntry, type Permission, type Problem, type State, VERSION } from '../src/protocol';
import { begun, BUFFERS, COUNTERS, denied, DENIED, LANES, type Right, RIGHTS, STAGES, why } from './world-tables';

export const APP: AppInfo = {
  name: 'swarm',
  title: 'Swarm',
  version: '0.1.0',
  params: [
    { name: 'boids', label: 'Boids', unit: null, step: 1000, min: 1000, max: 100_000, default: 100_000 },
    { name: 'alignment', label: 'Alignment', unit: null, step: 0.01, min: 0, max: 1, default: 0.8 },
    { name: 'cohesion', label: 'Cohesion', unit: null, step: 0.01, min: 0, max: 1, default: 0.2 },
    { name: 'separation', label: 'Separation', unit: null, step: 0.01, min: 0, max: 1, default: 0.8 },
    { name: 'distance', label: 'Distance', unit: null, step: 0.01, min: 0.1, max: 1, default: 0.6 },
    { name: 'perception', label: 'Perception', unit: null, step: 1, min: 4, max: 28, default: 12 },
    { name: 'wander', label: '', unit: null, step: null, min: 0, max: 1, default: 0.15 },
    { name: 'speed', label: 'Speed', unit: 'px/s', step: 5, min: 20, max: 300, default: 120 },
  ],
};

const KEPT = 300;
const MIB = 1 << 20;

function randomFrom(seed: number): () => number {
  let state = (seed + 0x9e3779b9) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What becomes of an ask: why it is not carried out, or what is different then. */
export interface Answer {
  problem: Problem | null;
  change: Change | null;
}

const refused = (code: string, message: string, hint: string): Answer => ({ problem: { code, message, hint }, change: null });

/** What the engine answers to a hello. */
export function hello(ask: boolean, version = VERSION): FromEngine {
  return { type: 'hello', version, engine: '0.1.0', app: APP, may: { ask } };
}

export class World {
  state: State;
  #random: () => number;
  #counts = new Map<string, number>(COUNTERS.map(({ name }) => [name, 0]));
  #logged = 0;
  #totals: Record<string, number[]> = {};
  #rights = RIGHTS.map((right) => ({ ...right }));

  constructor(seed = 7) {
    this.#random = randomFrom(seed);
    this.state = this.#first(seed);
  }

  /** The state after a while, as a client sees it that comes now. */
  static running(ticks = 900, seed = 7): World {
    const world = new World(seed);
    world.log('info', 'gpu', null, 'GPU device open name="llvmpipe (LLVM 15.0.6, 256 bits)" driver="llvmpipe Mesa 22.3.6 (LLVM 15.0.6)" host_import=true fd_export=true');
    world.log('info', 'engine', null, 'page connected url="http://127.0.0.1:41687/index.html"');
    for (let at = 0; at < ticks; at += 6) world.advance(6);
    return world;
  }

  log(level: LogEntry['level'], part: string, code: string | null, text: string): LogEntry {
    const { run } = this.state;
    const entry = { number: ++this.#logged, seconds: run.seconds, tick: run.tick || null, level, part, code, text };
    this.state.log = [...this.state.log, entry].slice(-1000);
    return entry;
  }

  /** Runs some ticks and says what is different. */
  advance(ticks: number): Change {
    const { run } = this.state;
    const logged = this.#logged;
    const frames: Frame[] = [];
    for (let at = 0; at < ticks; at += 1) {
      run.tick += 1;
      run.seconds += 1 / 60;
      frames.push(this.#frame());
      this.#tell();
    }
    const late = frames.filter((frame) => frame.late).length;
    this.state.run = {
      ...run,
      frames: run.frames + frames.length,
      late_frames: run.late_frames + late,
      ticks_per_second: 60 + (this.#random() - 0.5) * 0.4,
      frames_per_second: 60 - this.#random() * 0.9,
    };
    this.state.frames = [...this.state.frames, ...frames].slice(-KEPT);
    this.#count(frames, late);
    this.#refresh(ticks);
    return { ...this.#whole(), frames, log: this.state.log.filter((entry) => entry.number > logged) };
  }

  /** Does what a client asks for, or says why not. */
  answer(ask: Ask): Answer {
    const { run } = this.state;
    switch (ask.what) {
      case 'pause':
      case 'resume':
        this.state.run = { ...run, phase: ask.what === 'pause' ? 'paused' : 'running' };
        break;
      case 'step': {
        this.state.run = { ...run, phase: 'paused' };
        return { problem: null, change: this.advance(1) };
      }
      case 'hud':
        this.state.run = { ...run, hud: ask.shown };
        break;
      case 'stop':
        this.state.run = { ...run, phase: 'ended' };
        break;
      case 'restart':
        this.state.run = { ...run, tick: 0, seconds: 0, frames: 0, late_frames: 0, seed: ask.seed ?? run.seed };
        for (const { name } of this.state.guests) this.#begin(name);
        return { problem: null, change: { ...this.#whole(), permissions: this.state.permissions } };
      case 'restart_guest':
        return this.#restart(ask.guest);
      case 'restart_page':
        // What the page is known by stays until it answers.
        break;
      case 'permit':
        return this.#permit(ask);
      case 'param': {
        const info = APP.params.find((param) => param.name === ask.name);
        if (!info) {
          return refused('UNKNOWN_PARAM', `the manifest has no parameter \`${ask.name}\``, "the engine's hello lists the parameters");
        }
        const value = Math.min(info.max, Math.max(info.min, ask.value));
        this.state.params = this.state.params.map((param) => (param.name === ask.name ? { ...param, value } : param));
        break;
      }
    }
    return { problem: null, change: { ...nothing(), run: this.state.run, params: this.state.params } };
  }

  /** Ends a guest with a fault. */
  fault(name: string): Change {
    return this.#end(name, 'error', {
      code: 'DEADLINE',
      message: `kernel \`${name}\` in tick ${this.state.run.tick}: the call took longer than 500ms`,
      hint: "do less per tick, split the work into more shards, or raise the kernel's limit in the manifest",
    });
  }

  /** The page crashes. */
  crash(): Change {
    const page_problem: Problem = {
      code: 'PAGE_CRASHED',
      message: 'index out of bounds: the len is 3 but the index is 7',
      hint: 'the guests go on; restart the page from the panel',
    };
    this.state.run = { ...this.state.run, page_problem };
    return { ...nothing(), run: this.state.run, log: [this.log('error', 'page', page_problem.code, page_problem.message)] };
  }

  /** The page answers again. */
  recover(): Change {
    this.state.run = { ...this.state.run, page_problem: null };
    return { ...nothing(), run: this.state.run };
  }

  /** Denying takes effect at once, allowing when the guest or the run restarts. */
  #permit({ guest, right, object, decision, scope }: Extract<Ask, { what: 'permit' }>): Answer {
    const meant = (other: { guest: string; right: string; object: string }) => other.guest === guest && other.right === right && other.object === object;
    const found = this.#rights.find(meant);
    const before = this.state.permissions.find(meant);
    if (!found || !before) {
      const hint = "a person's decision takes away what the manifest grants, or gives it back; it adds nothing";
      return refused('UNKNOWN_RIGHT', `the manifest grants guest \`${guest}\` no right \`${right}\` to \`${object}\``, hint);
    }
    found.decided = decision && { decision, scope };
    const wanted = decision ?? 'allow';
    const waits = wanted === 'allow' && before.decision === 'deny';
    const after: Permission = {
      ...before,
      decision: wanted === 'deny' ? 'deny' : before.decision,
      scope: decision && scope,
      next: waits ? 'allow' : null,
      why: waits ? DENIED : why(found.decided),
    };
    this.state.permissions = this.state.permissions.map((permission) => (permission === before ? after : permission));
    const change = { ...nothing(), permissions: this.state.permissions };
    if (before.decision === after.decision) return { problem: null, change };
    return { problem: null, change: { ...this.#end(guest, 'warn', denied(after)), permissions: change.permissions } };
  }

  /** One guest begins anew, if nothing is denied to it. */
  #restart(name: string): Answer {
    const names = this.state.guests.map((guest) => guest.name);
    if (!names.includes(name)) return refused('UNKNOWN_GUEST', `the app has no guest \`${name}\``, `the app's guests: ${names.join(', ')}`);
    const missing = this.#denied(name);
    if (missing) return { problem: denied(missing), change: null };
    this.#begin(name);
    return { problem: null, change: { ...nothing(), guests: this.state.guests, permissions: this.state.permissions } };
  }

  #denied(name: string): Right | undefined {
    return this.#rights.find(({ guest, decided }) => guest === name && decided?.decision === 'deny');
  }

  /** Gives a guest fresh instances and the rights it has now. One to which a right is denied is held back. */
  #begin(name: string): void {
    const missing = this.#denied(name);
    const error = missing ? denied(missing) : null;
    this.state.guests = this.state.guests.map((guest) => (guest.name === name ? { ...guest, ticks: 0, state: error?.code ?? 'running', last_error: error } : guest));
    this.state.permissions = this.state.permissions.map((permission, at) => {
      const right = this.#rights[at];
      return right?.guest === name ? begun(right) : permission;
    });
  }

  /** Ends a guest, which the engine logs in its name. */
  #end(name: string, level: LogEntry['level'], error: Problem): Change {
    this.state.guests = this.state.guests.map((guest) => (guest.name === name ? { ...guest, state: error.code, last_error: error } : guest));
    const entry = this.log(level, name, error.code, error.message);
    return { ...nothing(), guests: this.state.guests, log: [entry] };
  }

  #first(seed: number): State {
    const guest = (name: string, instances: number): Guest => ({
      name,
      kind: 'kernel',
      state: 'running',
      instances,
      ticks: 0,
      tick_ms_p50: 0,
      tick_ms_p99: 0,
      fuel: null,
      memory_bytes: 4 * MIB,
      memory_max_bytes: 16 * MIB,
      last_error: null,
    });
    return {
      run: {
        phase: 'running',
        tick: 0,
        seed: String(seed),
        seconds: 0,
        ticks_per_second: 0,
        frames_per_second: 0,
        rate: 60,
        budget_ms: 20,
        late_frames: 0,
        frames: 0,
        size: [1280, 720],
        scale: 1,
        gpu: 'llvmpipe (LLVM 15.0.6, 256 bits)',
        page: 'shared',
        page_problem: null,
        gpu_problem: null,
        workers: 2,
        hud: false,
      },
      guests: [guest('grid', 1), guest('flock', 2), { ...guest('palette', 1), fuel: 0, memory_bytes: MIB, memory_max_bytes: 2 * MIB }],
      frames: [],
      stages: [],
      buffers: BUFFERS.map((buffer) => ({ ...buffer })),
      lanes: LANES.map((lane) => ({ ...lane })),
      counters: [],
      log: [],
      permissions: this.#rights.map(begun),
      params: APP.params.map(({ name, default: value }) => ({ name, value })),
    };
  }

  #frame(): Frame {
    const { tick, budget_ms } = this.state.run;
    const random = this.#random;
    const swell = 1 + 0.18 * Math.sin(tick / 47) + 0.08 * Math.sin(tick / 11);
    const spike = random() < 0.014 ? 1.6 + random() * 1.4 : 1;
    const wait = 0.02 + random() * 0.12 + (random() < 0.02 ? 1.2 : 0);
    const compute = (4.3 + random() * 0.9) * swell * spike;
    const page = tick % 5 === 0 ? 5.2 + random() * 2.4 : null;
    const compose = 1.7 + random() * 0.5 + (page === null ? 0 : 0.7);
    const present = 3.9 + random() * 1.3 + (spike > 1 ? random() * 3 : 0);
    const total = wait + compute + compose + present;
    return { token: tick, wait, compute, page, compose, present, total, late: total > budget_ms };
  }

  #tell(): void {
    const { tick } = this.state.run;
    if (tick % 120 === 0) this.log('debug', 'flock', null, `${(21 + this.#random() * 8).toFixed(1)} neighbors a boid, ${Math.round(2048 + this.#random() * 300)} cells in use`);
    if (tick % 300 === 40) this.log('info', 'page', null, `the pointer ${this.#random() > 0.5 ? 'scares' : 'draws'} boids within 180 px`);
    if (tick % 420 === 100) this.log('warn', 'page', null, 'a sound could not be loaded');
    if (tick % 240 === 200) this.log('info', 'page', null, 'alignment is 0.80 now');
  }

  #count(frames: Frame[], late: number): void {
    const add = (name: string, by: number) => this.#counts.set(name, (this.#counts.get(name) ?? 0) + by);
    const pages = frames.filter((frame) => frame.page !== null).length;
    add('ticks_run', frames.length);
    add('frames_composed', frames.length);
    add('frames_presented', frames.length);
    add('missed_deadlines', late);
    add('uploaded_bytes', frames.length * 1344);
    add('gpu_submissions', frames.length);
    add('page_frames', pages);
    add('page_frames_shared', pages);
    add('page_blits', pages);
    add('events_emitted', pages * 2);
    this.state.counters = COUNTERS.map((counter): CounterValue => ({ ...counter, value: this.#counts.get(counter.name) ?? 0 }));
    for (const { name, pick } of STAGES) {
      const kept = (this.#totals[name] ??= []);
      kept.push(...frames.flatMap((frame) => pick(frame) ?? []));
    }
  }

  #refresh(ticks: number): void {
    const random = this.#random;
    const { tick, seconds } = this.state.run;
    this.state.stages = STAGES.map(({ name, what }) => {
      const sorted = [...(this.#totals[name] ?? [])].sort((a, b) => a - b);
      const at = (part: number) => sorted[Math.max(0, Math.ceil(part * sorted.length) - 1)] ?? 0;
      const mean = sorted.reduce((sum, value) => sum + value, 0) / Math.max(1, sorted.length);
      const std_dev = Math.sqrt(sorted.reduce((sum, value) => sum + (value - mean) ** 2, 0) / Math.max(1, sorted.length));
      return { name, what, count: sorted.length, p50: at(0.5), p95: at(0.95), p99: at(0.99), max: sorted.at(-1) ?? 0, std_dev };
    });
    const times = [[1.2, 1.9], [3.1, 5.6], [0.07, 0.12]];
    this.state.guests = this.state.guests.map((guest, at) => {
      if (guest.state !== 'running') return guest;
      const [p50 = 0, p99 = 0] = times[at] ?? [];
      const fuel = guest.fuel === null ? null : 182_000 + Math.round(random() * 900);
      return { ...guest, ticks: guest.ticks + ticks, tick_ms_p50: p50 * (0.97 + random() * 0.06), tick_ms_p99: p99 * (0.95 + random() * 0.1), fuel };
    });
    this.state.buffers = this.state.buffers.map((buffer) => ({ ...buffer, generation: buffer.name === 'layout' ? 4 : tick, per_second: buffer.name === 'layout' ? 0 : 60 - random() * 0.3 }));
    this.state.lanes = this.state.lanes.map((lane) => {
      const depth = Math.floor(random() ** 2 * 6);
      return { ...lane, depth, highest: Math.max(lane.highest, depth), rejects: Math.floor(seconds / 4) };
    });
  }

  #whole(): Change {
    const { run, guests, stages, buffers, lanes, counters } = this.state;
    return { ...nothing(), run, guests, stages, buffers, lanes, counters };
  }
}

/** A change that changes nothing. */
export function nothing(): Change {
  return {
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
}
