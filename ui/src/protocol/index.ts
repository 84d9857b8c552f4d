export type FromPanel = { type: 'hello'; version: number } | { type: 'ask'; id: number; ask: Ask };

export type FromEngine =
  | { type: 'hello'; version: number; engine: string; app: AppInfo; may: Rights }
  | { type: 'snapshot'; state: State }
  | { type: 'change'; change: Change }
  | { type: 'answer'; id: number; problem: Problem | null }
  | { type: 'bye'; problem: Problem };

export type Ask =
  | { what: 'pause' }
  | { what: 'resume' }
  | { what: 'step' }
  | { what: 'restart'; seed: number | null }
  | { what: 'hud'; shown: boolean }
  | { what: 'param'; name: string; value: number }
  | { what: 'stop' };

export type Rights = { ask: boolean };

export type AppInfo = { name: string; title: string; version: string; params: Array<ParamInfo> };

export type ParamInfo = { name: string; min: number; max: number; default: number };

export type State = {
  run: Run;
  guests: Array<Guest>;
  frames: Array<Frame>;
  stages: Array<StageTimes>;
  buffers: Array<Buffer>;
  lanes: Array<Lane>;
  counters: Array<CounterValue>;
  log: Array<LogEntry>;
  permissions: Array<Permission>;
  params: Array<ParamValue>;
};

export type Change = {
  run: Run | null;
  guests: Array<Guest> | null;
  frames: Array<Frame>;
  frames_missed: number;
  stages: Array<StageTimes> | null;
  buffers: Array<Buffer> | null;
  lanes: Array<Lane> | null;
  counters: Array<CounterValue> | null;
  log: Array<LogEntry>;
  log_missed: number;
  permissions: Array<Permission> | null;
  params: Array<ParamValue> | null;
};

export type RunPhase = 'starting' | 'running' | 'paused' | 'ended';

export type Run = {
  phase: RunPhase;
  tick: number;
  seed: number;
  seconds: number;
  ticks_per_second: number;
  frames_per_second: number;
  rate: number;
  budget_ms: number;
  late_frames: number;
  frames: number;
  size: [number, number];
  scale: number;
  gpu: string;
  page: string;
  workers: number;
  hud: boolean;
};

export type GuestKind = 'kernel';

export type Guest = {
  name: string;
  kind: GuestKind;
  state: string;
  instances: number;
  ticks: number;
  tick_ms_p50: number;
  tick_ms_p99: number;
  fuel: number | null;
  memory_bytes: number;
  memory_max_bytes: number;
  last_error: Problem | null;
};

export type Frame = {
  token: number;
  wait: number | null;
  compute: number | null;
  page: number | null;
  compose: number | null;
  present: number | null;
  total: number | null;
  late: boolean;
};

export type StageTimes = {
  name: string;
  what: string;
  count: number;
  p50: number;
  p95: number;
  p99: number;
  max: number;
  std_dev: number;
};

export type Buffer = {
  name: string;
  bytes: number;
  generation: number;
  per_second: number;
  writer: string | null;
  readers: Array<string>;
};

export type Lane = {
  name: string;
  item_bytes: number;
  capacity: number;
  depth: number;
  highest: number;
  rejects: number;
  when_full: string;
};

export type CounterValue = { name: string; what: string; unit: string; value: number };

export type Level = 'error' | 'warn' | 'info' | 'debug';

export type LogEntry = {
  number: number;
  seconds: number;
  tick: number | null;
  level: Level;
  part: string;
  code: string | null;
  text: string;
};

export type Permission = { guest: string; right: string; object: string; decision: string; why: string };

export type ParamValue = { name: string; value: number };

export type Problem = { code: string; message: string; hint: string | null };
