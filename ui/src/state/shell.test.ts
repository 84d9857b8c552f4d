import { describe, expect, it } from 'vitest';
import type { TauriInternals } from '../connection/channel';
import { ShellConnection } from '../connection/shell';
import { TauriConnection } from '../connection/tauri';
import { type FromEngine, type Problem, type ShellAsk, type ShellState, VERSION } from '../protocol';
import { EMPTY } from './apply';
import { Panel } from './panel.svelte';
import { Shell } from './shell.svelte';
import { shellMenu } from './shell-menu';

const SWARM = { path: '/apps/swarm', title: 'Swarm' };
const ORDERS = { path: '/apps/orders', title: 'Orders' };
const NONE: ShellState = { app: null, recent: [SWARM, ORDERS], autostart: false, dropping: false, problem: null };
const OPEN: ShellState = { ...NONE, app: SWARM };
const NOT_FOUND: Problem = { code: 'MANIFEST_MISSING', message: 'no app.toml', hint: null };

const HELLO: FromEngine = { type: 'hello', version: VERSION, engine: '0.1.0', app: { name: 'swarm', title: 'Swarm', version: '1', params: [] }, may: { ask: true } };

/** A shell whose every word the test says. */
class Fake implements TauriInternals {
  readonly calls: [string, Record<string, unknown>][] = [];
  /** Commands that are refused, and asks of the shell. */
  readonly refused = new Map<string, unknown>();
  readonly #callbacks: ((payload: unknown) => void)[] = [];
  readonly #said = new Map<string, number>();

  invoke(command: string, args: Record<string, unknown>): Promise<unknown> {
    this.calls.push([command, args]);
    const what = command === 'shell_ask' ? (args.ask as ShellAsk).what : command;
    return this.refused.has(what) ? Promise.reject(this.refused.get(what)) : Promise.resolve(null);
  }

  transformCallback(callback: (payload: unknown) => void): number {
    return this.#callbacks.push(callback) - 1;
  }

  /** Says something through the channel that a command was last given. */
  say(command: string, message: unknown): void {
    const name = String(this.calls.findLast(([called]) => called === command)?.[1].channel);
    const index = this.#said.get(name) ?? 0;
    this.#said.set(name, index + 1);
    this.#callbacks[Number(name.split(':')[1])]?.({ index, message });
  }

  tell(state: ShellState): void {
    this.say('shell_hello', state);
  }

  /** Greets as a run does that has a state. */
  run(): void {
    this.say('panel_hello', HELLO);
    this.say('panel_hello', { type: 'snapshot', state: { ...EMPTY, run: { ...EMPTY.run, phase: 'running' } } });
  }

  /** What was called, but for what only says that a message has been taken. */
  names(): string[] {
    return this.calls.map(([command]) => command).filter((command) => command !== 'panel_took');
  }
}

const settled = () => new Promise((resolve) => setTimeout(resolve));

async function start(first: ShellState | null, refused: [string, unknown][] = []) {
  const fake = new Fake();
  for (const [command, error] of refused) fake.refused.set(command, error);
  const panel = new Panel(new TauriConnection(fake));
  const shell = new Shell(new ShellConnection(fake), panel);
  const greeted = shell.hello();
  if (first) fake.tell(first);
  await greeted;
  return { fake, panel, shell };
}

describe('the panel greets the engine', () => {
  it('when an app is open, and not before', async () => {
    const { fake, panel, shell } = await start(NONE);
    expect(fake.names()).toEqual(['shell_hello']);
    expect([shell.empty, shell.greeted, shell.busy]).toEqual([true, true, false]);
    fake.tell(OPEN);
    expect(fake.names()).toEqual(['shell_hello', 'panel_hello']);
    fake.run();
    expect([panel.known, shell.empty, shell.busy]).toEqual([true, false, true]);
  });

  it('once, however often the state of the shell is another one', async () => {
    const { fake } = await start(OPEN);
    fake.run();
    fake.tell({ ...OPEN, dropping: true });
    fake.tell({ ...OPEN, autostart: true });
    expect(fake.names()).toEqual(['shell_hello', 'panel_hello']);
  });

  it('anew when another app is open, and knows nothing of the one before', async () => {
    const { fake, panel } = await start(OPEN);
    fake.run();
    fake.tell({ ...OPEN, app: ORDERS });
    expect(fake.names()).toEqual(['shell_hello', 'panel_hello', 'panel_hello']);
    expect([panel.known, panel.app, panel.view]).toEqual([false, null, EMPTY]);
    fake.run();
    expect(panel.known).toBe(true);
  });

  it('again when the run had not begun and the shell says something new', async () => {
    const { fake, panel } = await start(OPEN, [['panel_hello', { code: 'NOT_YET', message: 'the run has not begun' }]]);
    await settled();
    expect(panel.connection).toMatchObject({ phase: 'lost', problem: { code: 'NOT_YET' } });
    fake.refused.clear();
    fake.tell({ ...OPEN });
    expect(fake.names()).toEqual(['shell_hello', 'panel_hello', 'panel_hello']);
  });

  it('at once in a shell that has no state to tell', async () => {
    const { fake, shell } = await start(null, [['shell_hello', 'Command shell_hello not found']]);
    expect(fake.names()).toEqual(['shell_hello', 'panel_hello']);
    expect([shell.greeted, shell.empty, shell.problem]).toEqual([true, false, null]);
  });

  it('no more once the app is closed: what its run still says means nothing', async () => {
    const { fake, panel, shell } = await start(OPEN);
    fake.run();
    fake.tell(NONE);
    fake.say('panel_hello', HELLO);
    expect([shell.empty, panel.known, panel.connection.phase]).toEqual([true, false, 'connecting']);
  });
});

describe('opening', () => {
  it('an app from the list, by its path', async () => {
    const { fake, shell } = await start(NONE);
    shell.open({ what: 'app', ...ORDERS });
    expect(fake.calls.at(-1)).toEqual(['shell_ask', { ask: { what: 'open', path: '/apps/orders' } }]);
    expect(shell.opening).toEqual({ what: 'app', ...ORDERS });
    shell.open({ what: 'folder' });
    expect(fake.names()).toEqual(['shell_hello', 'shell_ask']);
    await settled();
    expect(shell.opening).toBe(null);
  });

  it("by the system's dialog", async () => {
    const { fake, shell } = await start(NONE);
    shell.open({ what: 'folder' });
    await settled();
    shell.open({ what: 'archive' });
    expect(fake.calls.slice(1)).toEqual([
      ['shell_ask', { ask: { what: 'choose', archive: false } }],
      ['shell_ask', { ask: { what: 'choose', archive: true } }],
    ]);
  });

  it('offers the open app again when its run is over', async () => {
    const { fake, shell } = await start(OPEN);
    fake.run();
    expect([shell.busy, shell.recent]).toEqual([true, [ORDERS]]);
    fake.say('panel_hello', { type: 'bye', problem: { code: 'ENGINE_ENDED', message: 'over', hint: null } });
    expect([shell.busy, shell.recent]).toEqual([false, [SWARM, ORDERS]]);
    shell.open({ what: 'app', ...SWARM });
    await settled();
    expect(fake.names()).toEqual(['shell_hello', 'panel_hello', 'shell_ask']);
  });
});

describe('what the shell failed at', () => {
  it('is shown, whether its state or its answer tells, until somebody tries again', async () => {
    const { fake, shell } = await start(NONE, [['open', NOT_FOUND]]);
    shell.open({ what: 'app', ...ORDERS });
    await settled();
    expect(shell.problem).toEqual(NOT_FOUND);
    fake.tell({ ...NONE, problem: NOT_FOUND });
    shell.problem = null;
    fake.tell({ ...NONE, problem: NOT_FOUND, dropping: true });
    expect(shell.problem).toBe(null);
    fake.tell(NONE);
    fake.tell({ ...NONE, problem: NOT_FOUND });
    expect(shell.problem).toEqual(NOT_FOUND);
    shell.forget(ORDERS.path);
    expect([shell.problem, fake.calls.at(-1)]).toEqual([null, ['shell_ask', { ask: { what: 'forget', path: '/apps/orders' } }]]);
  });
});

describe('the menu', () => {
  const labels = (shell: Shell) => shellMenu(shell).map((item) => ('label' in item ? item.label : '–'));

  it('has what can be opened and is not open', async () => {
    const { fake, shell } = await start(OPEN);
    fake.run();
    expect(labels(shell)).toEqual(['Open folder…', 'Open archive…', '–', 'Recent apps', 'Orders', '–', 'Start at login']);
    fake.tell({ ...OPEN, recent: [SWARM] });
    expect(labels(shell)).toEqual(['Open folder…', 'Open archive…', '–', 'Start at login']);
  });

  it('shows whether the shell starts at login, and asks for the other', async () => {
    const { fake, shell } = await start({ ...OPEN, autostart: true });
    const item = shellMenu(shell).at(-1);
    if (item?.kind !== 'checkbox') throw new Error('no checkbox');
    expect(item.checked).toBe(true);
    item.run();
    expect(fake.calls.at(-1)).toEqual(['shell_ask', { ask: { what: 'autostart', on: false } }]);
  });
});
