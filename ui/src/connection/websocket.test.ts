import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type FromEngine, VERSION } from '../protocol';
import { Backoff } from './backoff';
import type { Status } from './connection';
import { type Net, WebSocketConnection } from './websocket';

class FakeSocket {
  readyState = 0;
  sent: unknown[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: (() => void) | null = null;

  constructor(readonly url: string) {}

  send(text: string): void {
    this.sent.push(JSON.parse(text));
  }

  close(): void {
    this.readyState = 3;
    this.onclose?.();
  }

  opens(): void {
    this.readyState = 1;
    this.onopen?.();
  }

  says(message: FromEngine | string): void {
    this.onmessage?.({ data: typeof message === 'string' ? message : JSON.stringify(message) });
  }
}

const HELLO: FromEngine = {
  type: 'hello',
  version: VERSION,
  engine: 'wasm-engine 0.1.0',
  app: { name: 'a', title: 'A', version: '1', params: [] },
  may: { ask: true },
};

let sockets: FakeSocket[] = [];
let httpStatus: number | null = null;
let said: FromEngine[] = [];
let statuses: Status[] = [];

function connect(page = 'http://localhost:4000/#token=t'): WebSocketConnection {
  const net: Net = {
    socket(url) {
      const socket = new FakeSocket(url);
      sockets.push(socket);
      return socket as unknown as WebSocket;
    },
    httpStatus: () => Promise.resolve(httpStatus),
  };
  const connection = new WebSocketConnection(new URL(page), 'a token', net, new Backoff(() => 1));
  connection.open({ message: (message) => said.push(message), status: (status) => statuses.push(status) });
  return connection;
}

const socket = () => sockets.at(-1) as FakeSocket;
const last = () => statuses.at(-1);

beforeEach(() => {
  vi.useFakeTimers();
  [sockets, said, statuses, httpStatus] = [[], [], [], null];
});

afterEach(() => {
  vi.useRealTimers();
});

describe('the WebSocket', () => {
  it('goes to the host of the page, with the token', () => {
    connect();
    expect(socket().url).toBe('ws://localhost:4000/panel?token=a+token');
    connect('https://panel.example/some/page#token=t');
    expect(socket().url).toBe('wss://panel.example/panel?token=a+token');
  });

  it('says hello first, then is open and passes messages on', () => {
    connect();
    socket().opens();
    expect(socket().sent).toEqual([{ type: 'hello', version: VERSION }]);
    expect(last()).toEqual({ phase: 'connecting' });
    socket().says(HELLO);
    expect(last()).toEqual({ phase: 'open' });
    expect(said).toEqual([HELLO]);
  });

  it('asks with a number', () => {
    const connection = connect();
    socket().opens();
    connection.ask(3, { what: 'restart', seed: null });
    expect(socket().sent[1]).toEqual({ type: 'ask', id: 3, ask: { what: 'restart', seed: null } });
  });

  it('comes back after an interruption, waiting longer each time', async () => {
    connect();
    socket().opens();
    socket().says(HELLO);
    socket().close();
    expect(last()).toMatchObject({ phase: 'lost', problem: { code: 'CONNECTION_LOST' }, retrying: true });
    vi.advanceTimersByTime(500);
    expect(sockets).toHaveLength(2);
    socket().close();
    await vi.advanceTimersByTimeAsync(0);
    expect(last()).toMatchObject({ phase: 'lost', problem: { code: 'ENGINE_UNREACHABLE' }, retrying: true });
    await vi.advanceTimersByTimeAsync(999);
    expect(sockets).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1);
    expect(sockets).toHaveLength(3);
    socket().opens();
    socket().says(HELLO);
    expect(last()).toEqual({ phase: 'open' });
  });

  it('gives up when the token is refused', async () => {
    httpStatus = 401;
    connect();
    socket().close();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(last()).toMatchObject({ phase: 'lost', problem: { code: 'TOKEN_REFUSED' }, retrying: false });
    expect(sockets).toHaveLength(1);
  });

  it('gives up on another version', () => {
    connect();
    socket().opens();
    socket().says({ ...HELLO, version: VERSION + 1 });
    expect(last()).toMatchObject({ phase: 'lost', problem: { code: 'PROTOCOL_VERSION' }, retrying: false });
    expect(said).toEqual([]);
    vi.advanceTimersByTime(60_000);
    expect(sockets).toHaveLength(1);
  });

  it('gives up when it is turned away, and comes back when it is sent away later', () => {
    const bye: FromEngine = { type: 'bye', problem: { code: 'X', message: 'x', hint: null } };
    connect();
    socket().opens();
    socket().says(bye);
    expect(last()).toMatchObject({ phase: 'lost', problem: { code: 'X' }, retrying: false });
    connect();
    socket().opens();
    socket().says(HELLO);
    socket().says(bye);
    expect(last()).toMatchObject({ phase: 'lost', problem: { code: 'X' }, retrying: true });
  });

  it('gives up when the engine ends: another one has another token', async () => {
    connect();
    socket().opens();
    socket().says(HELLO);
    socket().says({ type: 'bye', problem: { code: 'ENGINE_ENDED', message: 'the engine ends', hint: null } });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(last()).toMatchObject({ phase: 'lost', problem: { code: 'ENGINE_ENDED' }, retrying: false });
    expect(sockets).toHaveLength(1);
  });

  it('says when nothing has come for a while, and that something comes again', () => {
    connect();
    socket().opens();
    socket().says(HELLO);
    for (let times = 0; times < 5; times += 1) {
      vi.advanceTimersByTime(4_999);
      socket().says({ type: 'alive' });
    }
    expect(last()).toEqual({ phase: 'open' });
    vi.advanceTimersByTime(5_000);
    expect(last()).toMatchObject({ phase: 'silent', problem: { code: 'ENGINE_SILENT' } });
    vi.advanceTimersByTime(60_000);
    expect(sockets).toHaveLength(1);
    socket().says({ type: 'alive' });
    expect(last()).toEqual({ phase: 'open' });
  });

  it('tries again when nobody says hello', () => {
    connect();
    socket().opens();
    vi.advanceTimersByTime(5_000);
    expect(last()).toMatchObject({ phase: 'lost', problem: { code: 'ENGINE_UNREACHABLE' }, retrying: true });
    vi.advanceTimersByTime(500);
    expect(sockets).toHaveLength(2);
  });

  it('gives up on what is no message', () => {
    connect();
    socket().opens();
    for (const text of ['{', '3', 'null', '{"a":1}']) {
      socket().says(text);
      expect(last()).toMatchObject({ phase: 'lost', problem: { code: 'MESSAGE_MALFORMED' }, retrying: false });
    }
  });

  it('tries again at once when somebody says so, and leaves no timer behind when closed', () => {
    const connection = connect();
    socket().opens();
    socket().close();
    connection.retry();
    expect(sockets).toHaveLength(2);
    socket().opens();
    socket().close();
    connection.close();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('has one timer while it is open, which waits for news', () => {
    connect();
    socket().opens();
    socket().says(HELLO);
    expect(vi.getTimerCount()).toBe(1);
  });
});
