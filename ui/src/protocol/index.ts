// The messages between engine and panel. Written from the types in crates/serve/src/protocol.rs; a test keeps the two equal.
// To write it anew: WASM_ENGINE_BLESS=1 cargo test -p wasm-engine-serve

/** The version of the protocol; a client with another one is turned away. */
export const VERSION = 2;

/**
 * What a front end says.
 */
export type FromPanel = { "type": "hello",
/**
 * The version of the protocol that the client speaks.
 */
version: number, } | { "type": "ask",
/**
 * The client's own number for it.
 */
id: number,
/**
 * What it asks for.
 */
ask: Ask, };

/**
 * What the engine says.
 */
export type FromEngine = { "type": "hello",
/**
 * The version of the protocol that the engine speaks.
 */
version: number,
/**
 * The engine's version.
 */
engine: string,
/**
 * The app that runs.
 */
app: AppInfo,
/**
 * What the client may do.
 */
may: Rights, } | { "type": "snapshot",
/**
 * The state.
 */
state: State, } | { "type": "change",
/**
 * The difference.
 */
change: Change, } | { "type": "answer",
/**
 * The number that the client gave it.
 */
id: number,
/**
 * Why it was not carried out; none when it was.
 */
problem: Problem | null, } | { "type": "alive" } | { "type": "bye",
/**
 * Why.
 */
problem: Problem, };

/**
 * What a front end may ask for. Each changes the run as a key press in the player would, and nothing else: what guests and models do is out of reach.
 */
export type Ask = { "what": "pause" } | { "what": "resume" } | { "what": "step" } | { "what": "restart",
/**
 * The new seed.
 */
seed: Seed | null, } | { "what": "restart_guest",
/**
 * Its name.
 */
guest: string, } | { "what": "hud",
/**
 * Whether it is to be seen.
 */
shown: boolean, } | { "what": "param",
/**
 * Its name.
 */
name: string,
/**
 * The value; the engine brings it into the parameter's range.
 */
value: number, } | { "what": "permit",
/**
 * Name of the guest.
 */
guest: string,
/**
 * The right, as in [`Permission::right`].
 */
right: string,
/**
 * What it is a right to, as in [`Permission::object`].
 */
object: string,
/**
 * The decision; none takes back what was decided, so that the manifest's holds.
 */
decision: Decision | null,
/**
 * How long it holds.
 */
scope: Scope, } | { "what": "restart_page" } | { "what": "stop" };

/**
 * What a client may do besides looking.
 */
export type Rights = {
/**
 * Whether its asks are carried out.
 */
ask: boolean, };

/**
 * The app that runs.
 */
export type AppInfo = {
/**
 * Name from the manifest.
 */
name: string,
/**
 * What a person reads.
 */
title: string,
/**
 * The app's version; empty if it has none.
 */
version: string,
/**
 * Its parameters, in manifest order.
 */
params: Array<ParamInfo>, };

/**
 * A parameter as the manifest declares it.
 */
export type ParamInfo = {
/**
 * Its name.
 */
name: string,
/**
 * What a person reads beside the control; the name stands in when it is empty.
 */
label: string,
/**
 * Unit of the value, as shown behind it.
 */
unit: string | null,
/**
 * Least value.
 */
min: number,
/**
 * Greatest value.
 */
max: number,
/**
 * Distance between two values that a control offers; without it any value is one.
 */
step: number | null,
/**
 * Value at the start of a run.
 */
default: number, };

/**
 * Everything at one moment.
 */
export type State = {
/**
 * The run.
 */
run: Run,
/**
 * The guests, in the order in which they run.
 */
guests: Array<Guest>,
/**
 * The newest frames in the order in which they were finished, at most 300.
 */
frames: Array<Frame>,
/**
 * What each stage takes, over the whole run of the engine: a restart does not clear it.
 */
stages: Array<StageTimes>,
/**
 * The exchange's buffers, in manifest order.
 */
buffers: Array<Buffer>,
/**
 * The exchange's lanes.
 */
lanes: Array<Lane>,
/**
 * The engine's counters, which a restart does not clear.
 */
counters: Array<CounterValue>,
/**
 * Newest last, at most 1000.
 */
log: Array<LogEntry>,
/**
 * What the guests may do.
 */
permissions: Array<Permission>,
/**
 * The parameters' values, in manifest order.
 */
params: Array<ParamValue>, };

/**
 * What is different from what the client was sent last; absent is unchanged. Frames and log entries are added to those already sent; everything
 * else replaces.
 */
export type Change = {
/**
 * The run.
 */
run: Run | null,
/**
 * All guests.
 */
guests: Array<Guest> | null,
/**
 * New frames, oldest first.
 */
frames: Array<Frame>,
/**
 * Frames that came and went between two changes.
 */
frames_missed: number,
/**
 * All stages.
 */
stages: Array<StageTimes> | null,
/**
 * All buffers.
 */
buffers: Array<Buffer> | null,
/**
 * All lanes.
 */
lanes: Array<Lane> | null,
/**
 * All counters.
 */
counters: Array<CounterValue> | null,
/**
 * New log entries, oldest first.
 */
log: Array<LogEntry>,
/**
 * Log entries that came and went between two changes.
 */
log_missed: number,
/**
 * All permissions.
 */
permissions: Array<Permission> | null,
/**
 * All parameters' values.
 */
params: Array<ParamValue> | null, };

/**
 * Where a run is.
 */
export type RunPhase = "starting" | "running" | "paused" | "ended";

/**
 * What a run's guests take their random numbers from. In messages it is a text of decimal digits, since JavaScript's numbers do not hold every seed.
 */
export type Seed = string;

/**
 * One execution of the app.
 */
export type Run = {
/**
 * Where it is.
 */
phase: RunPhase,
/**
 * Ticks done since the beginning, or since the last restart.
 */
tick: number,
/**
 * Its seed.
 */
seed: Seed,
/**
 * Wall-clock seconds since the first tick, or that of the last restart. Stands still while the run is paused.
 */
seconds: number,
/**
 * Ticks done in the last second.
 */
ticks_per_second: number,
/**
 * Frames composed in the last second.
 */
frames_per_second: number,
/**
 * Ticks per second that the clock aims at.
 */
rate: number,
/**
 * Milliseconds from queued to glass that a frame may take.
 */
budget_ms: number,
/**
 * Frames that took longer, since the beginning or the last restart.
 */
late_frames: number,
/**
 * Frames composed since the beginning or the last restart.
 */
frames: number,
/**
 * Width and height of the framebuffer in device pixels.
 */
size: [number, number],
/**
 * Device pixels per CSS pixel.
 */
scale: number,
/**
 * Name of the GPU device.
 */
gpu: string,
/**
 * Why nothing is drawn any more, if that is so; the guests go on.
 */
gpu_problem: Problem | null,
/**
 * How the page's frames come: `shared`, `cpu` or `none`.
 */
page: string,
/**
 * Why the page does not go on, if it does not; the guests do. [`Ask::RestartPage`](super::Ask::RestartPage) loads it again.
 */
page_problem: Problem | null,
/**
 * Threads that run guests.
 */
workers: number,
/**
 * Whether the HUD is shown.
 */
hud: boolean, };

/**
 * What kind of code a guest is.
 */
export type GuestKind = "kernel";

/**
 * One guest.
 */
export type Guest = {
/**
 * Name from the manifest.
 */
name: string,
/**
 * What kind of code it is.
 */
kind: GuestKind,
/**
 * `running`, or the code of the fault that ended it.
 */
state: string,
/**
 * How many of it run side by side.
 */
instances: number,
/**
 * Ticks that it has run since it was started.
 */
ticks: number,
/**
 * Milliseconds per tick, all instances together: median of the last 300 ticks.
 */
tick_ms_p50: number,
/**
 * Milliseconds per tick, all instances together: 99th percentile of the last 300 ticks.
 */
tick_ms_p99: number,
/**
 * Fuel of the last tick; none where it is not metered.
 */
fuel: number | null,
/**
 * Bytes of memory, all instances together.
 */
memory_bytes: number,
/**
 * Bytes of memory that all instances together may have.
 */
memory_max_bytes: number,
/**
 * What ended it.
 */
last_error: Problem | null, };

/**
 * One frame on its way: milliseconds spent in each stage; none where it did not pass that stage.
 */
export type Frame = {
/**
 * The frame's number, given when it was begun: with gaps, and lower than the one before it where a frame was slow.
 */
token: number,
/**
 * From the tick's beginning to that of its kernels: next to nothing, unless they are restarted.
 */
wait: number | null,
/**
 * Guests at work.
 */
compute: number | null,
/**
 * The page at work.
 */
page: number | null,
/**
 * Until the compositor had drawn it.
 */
compose: number | null,
/**
 * Until the display had it.
 */
present: number | null,
/**
 * From queued to glass.
 */
total: number | null,
/**
 * Whether that was longer than the budget.
 */
late: boolean, };

/**
 * What a stage takes, in milliseconds.
 */
export type StageTimes = {
/**
 * Its name.
 */
name: string,
/**
 * What happens in it, in a few words.
 */
what: string,
/**
 * Frames that were measured.
 */
count: number,
/**
 * Median.
 */
p50: number,
/**
 * 95th percentile.
 */
p95: number,
/**
 * 99th percentile.
 */
p99: number,
/**
 * Longest.
 */
max: number,
/**
 * Standard deviation.
 */
std_dev: number, };

/**
 * A buffer of the exchange.
 */
export type Buffer = {
/**
 * Its name.
 */
name: string,
/**
 * Bytes of its content.
 */
bytes: number,
/**
 * Number of the newest published content; 0 when there is none.
 */
generation: number,
/**
 * Generations published in the last second.
 */
per_second: number,
/**
 * The guest that may write it.
 */
writer: string | null,
/**
 * Who reads it: guests and surfaces.
 */
readers: Array<string>, };

/**
 * A lane of the exchange.
 */
export type Lane = {
/**
 * Its name.
 */
name: string,
/**
 * Bytes of an item.
 */
item_bytes: number,
/**
 * Items that fit.
 */
capacity: number,
/**
 * Items that wait.
 */
depth: number,
/**
 * Most items that were seen waiting.
 */
highest: number,
/**
 * Items that were turned away.
 */
rejects: number,
/**
 * What happens to an item that does not fit: `block`, `reject` or `coalesce`.
 */
when_full: string, };

/**
 * A counter of the engine; it only rises.
 */
export type CounterValue = {
/**
 * Its name.
 */
name: string,
/**
 * What it counts, in one sentence.
 */
what: string,
/**
 * `count` or `bytes`.
 */
unit: string,
/**
 * How much it has counted.
 */
value: number, };

/**
 * How much a log entry matters.
 */
export type Level = "error" | "warn" | "info" | "debug";

/**
 * A line of the log.
 */
export type LogEntry = {
/**
 * Its number; the first one is 1, and none is left out.
 */
number: number,
/**
 * Seconds since the engine began to keep the log.
 */
seconds: number,
/**
 * The tick in which it happened, where it is known.
 */
tick: number | null,
/**
 * How much it matters.
 */
level: Level,
/**
 * Who says it: a guest's name, `page`, or a part of the engine.
 */
part: string,
/**
 * Code of the error, if it is one.
 */
code: string | null,
/**
 * What it says.
 */
text: string, };

/**
 * What becomes of a right.
 */
export type Decision = "allow" | "deny";

/**
 * How long a person's decision holds.
 */
export type Scope = "run" | "always";

/**
 * A right that a guest holds, or was refused.
 */
export type Permission = {
/**
 * Name of the guest.
 */
guest: string,
/**
 * The right: `read` or `write`.
 */
right: string,
/**
 * What it is a right to: a buffer's name.
 */
object: string,
/**
 * What holds now.
 */
decision: Decision,
/**
 * How long a person's decision holds; none where it is the manifest's.
 */
scope: Scope | null,
/**
 * What holds from the guest's or the run's next restart on, where that is something else.
 */
next: Decision | null,
/**
 * Where the decision comes from.
 */
why: string, };

/**
 * A parameter's value.
 */
export type ParamValue = {
/**
 * Its name.
 */
name: string,
/**
 * Its value.
 */
value: number, };

/**
 * An error at an edge.
 */
export type Problem = {
/**
 * Stable code, `SCREAMING_SNAKE`.
 */
code: string,
/**
 * What happened.
 */
message: string,
/**
 * What to do.
 */
hint: string | null, };

/**
 * What the panel asks of the shell.
 */
export type ShellAsk = { "what": "open",
/**
 * Its folder or archive.
 */
path: string, } | { "what": "choose",
/**
 * Whether an archive is wanted, and not a folder.
 */
archive: boolean, } | { "what": "forget",
/**
 * Its folder or archive.
 */
path: string, } | { "what": "autostart",
/**
 * Whether it is to be started.
 */
on: boolean, };

/**
 * The shell's state.
 */
export type ShellState = {
/**
 * The app that is open; none while there is none.
 */
app: ShellApp | null,
/**
 * The apps that were opened last, newest first; the open one is among them.
 */
recent: Array<RecentApp>,
/**
 * Whether the shell starts when the person logs in.
 */
autostart: boolean,
/**
 * Whether something is being dragged over the window that could be opened.
 */
dropping: boolean,
/**
 * What the shell failed at last: an app that could not be opened, an autostart that could not be set.
 */
problem: Problem | null, };

/**
 * The open app.
 */
export type ShellApp = {
/**
 * Its folder or archive.
 */
path: string,
/**
 * What a person reads.
 */
title: string, };

/**
 * An app that was opened before.
 */
export type RecentApp = {
/**
 * Its folder or archive.
 */
path: string,
/**
 * What a person reads.
 */
title: string, };
