import { describe, expect, it } from 'vitest';
import { type FromEngine, VERSION } from '../protocol';
import { EMPTY } from '../state/apply';
import type { Status } from './connection';
import { TauriConnection } from './tauri';

const HELLO: FromEngine = {
  type: 'hello',
  version: VERSION,
  engine: 'wasm-engine 0.1.0',
  app: { name: 'a', title: 'A', version: '1', params: [] },
  may: { ask: true },
};

const SNAPSHOT: FromEngine = { type: 'snapshot', state: EMPTY };

function shell(fails: unknown = null) {
  const calls: [string, Record<string, unknown>][] = [];
  const channels: ((payload: unknown) => void)[] = [];
  const said: FromEngine[] = [];
  const statuses: Status[] = [];
  const connection = new TauriConnection({
    invoke(command, args) {
      calls.push([command, args]);
      return fails === null ? Promise.resolve() : Promise.reject(fails);
    },
    transformCallback: (callback) => channels.push(callback) - 1,
  });
  connection.open({ message: (message) => said.push(message), status: (status) => statuses.push(status) });
  return { connection, calls, channel: channels[0] as (payload: unknown) => void, channels, said, statuses };
}

describe('the shell', () => {
  it('is greeted by a command with a channel', () => {
    const { calls, channel, statuses, said } = shell();
    expect(calls).toEqual([['panel_hello', { message: { type: 'hello', version: VERSION }, channel: '__CHANNEL__:0' }]]);
    channel({ index: 0, message: HELLO });
    expect(statuses).toEqual([{ phase: 'connecting' }, { phase: 'open' }]);
    expect(said).toEqual([HELLO]);
  });

  it('is told what was taken, and of an earlier greeting no more', () => {
    const { connection, calls, channel, channels } = shell();
    channel({ index: 1, message: SNAPSHOT });
    expect(calls).toHaveLength(1);
    channel({ index: 0, message: HELLO });
    expect(calls.slice(1)).toEqual([
      ['panel_took', { channel: 0, messages: 1 }],
      ['panel_took', { channel: 0, messages: 2 }],
    ]);
    connection.retry();
    channel({ index: 2, message: SNAPSHOT });
    expect(calls.slice(3).map(([command]) => command)).toEqual(['panel_hello']);
    channels[1]?.({ index: 0, message: HELLO });
    expect(calls.at(-1)).toEqual(['panel_took', { channel: 1, messages: 1 }]);
  });

  it('puts messages that overtook each other in order', () => {
    const { channel, said } = shell();
    const answer: FromEngine = { type: 'answer', id: 1, problem: null };
    channel({ index: 1, message: answer });
    expect(said).toEqual([]);
    channel({ index: 0, message: HELLO });
    expect(said).toEqual([HELLO, answer]);
    channel({ index: 2, end: true });
  });

  it('is lost when the channel ends, the version differs, or the command fails', async () => {
    const ended = shell();
    ended.channel({ index: 0, end: true });
    expect(ended.statuses.at(-1)).toMatchObject({ phase: 'lost', problem: { code: 'ENGINE_ENDED' } });
    const other = shell();
    other.channel({ index: 0, message: { ...HELLO, version: 9 } });
    expect(other.statuses.at(-1)).toMatchObject({ phase: 'lost', problem: { code: 'PROTOCOL_VERSION' } });
    const failed = shell({ code: 'APP_MISSING', message: 'no app', hint: 'open one' });
    await Promise.resolve();
    await Promise.resolve();
    expect(failed.statuses.at(-1)).toMatchObject({ phase: 'lost', problem: { code: 'APP_MISSING', hint: 'open one' } });
  });

  it('answers an ask that the command refused', async () => {
    const { connection, said } = shell('nobody there');
    connection.ask(7, { what: 'pause' });
    await Promise.resolve();
    await Promise.resolve();
    expect(said).toEqual([{ type: 'answer', id: 7, problem: { code: 'SHELL', message: 'nobody there', hint: null } }]);
  });
});
