import { type Ask, type FromEngine, type FromPanel, type Problem, VERSION } from '../protocol';
import { Backoff } from './backoff';
import { type Connection, type Listener, versionProblem } from './connection';

/** The parts of `WebSocket` and `fetch` that are used, so that tests can bring their own. */
export interface Net {
  socket(url: string): WebSocket;
  /** The HTTP status of `url`, or `null` when nobody answers. A WebSocket's refusal tells a page nothing, a plain request does. */
  httpStatus(url: string): Promise<number | null>;
}

/** How long an engine may say nothing. It says at least that it lives, every two seconds. */
const PATIENCE_MS = 5_000;

const BROWSER: Net = {
  socket: (url) => new WebSocket(url),
  httpStatus: (url) =>
    fetch(url, { cache: 'no-store', signal: AbortSignal.timeout(PATIENCE_MS) }).then(
      (response) => response.status,
      () => null,
    ),
};

const UNREACHABLE: Problem = {
  code: 'ENGINE_UNREACHABLE',
  message: 'The engine does not answer: it has ended, or not begun yet.',
  hint: 'Start `wasm-engine serve` again, and open the address it prints.',
};

const INTERRUPTED: Problem = {
  code: 'CONNECTION_LOST',
  message: 'The connection to the engine was interrupted. What you see is what was last received.',
  hint: null,
};

const SILENT: Problem = {
  code: 'ENGINE_SILENT',
  message: `No news from the engine for ${PATIENCE_MS / 1000} seconds. What you see is what was last received.`,
  hint: 'It hangs, or was stopped: look where `wasm-engine serve` runs.',
};

const TOKEN_REFUSED: Problem = {
  code: 'TOKEN_REFUSED',
  message: 'The engine does not accept the token of this address.',
  hint: 'Open the address that `wasm-engine serve` printed last; each start makes a new token.',
};

const MALFORMED: Problem = {
  code: 'MESSAGE_MALFORMED',
  message: 'The engine sent something that is no message.',
  hint: 'Use the panel that came with this engine, then reload.',
};

/** The panel in a browser: JSON text over a WebSocket of the host that served the page. */
export class WebSocketConnection implements Connection {
  readonly home = 'browser';
  readonly #url: URL;
  readonly #net: Net;
  readonly #backoff: Backoff;
  #listener: Listener | null = null;
  #socket: WebSocket | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #watch: ReturnType<typeof setTimeout> | undefined;

  constructor(page: URL, token: string, net: Net = BROWSER, backoff = new Backoff()) {
    this.#url = new URL('/panel', page);
    this.#url.protocol = page.protocol === 'https:' ? 'wss:' : 'ws:';
    this.#url.searchParams.set('token', token);
    this.#net = net;
    this.#backoff = backoff;
  }

  open(listener: Listener): void {
    this.#listener = listener;
    listener.status({ phase: 'connecting' });
    this.#connect();
  }

  ask(id: number, ask: Ask): void {
    this.#send({ type: 'ask', id, ask });
  }

  retry(): void {
    this.#stop();
    this.#listener?.status({ phase: 'connecting' });
    this.#connect();
  }

  close(): void {
    this.#listener = null;
    this.#stop();
  }

  #send(message: FromPanel): void {
    if (this.#socket?.readyState === 1) this.#socket.send(JSON.stringify(message));
  }

  /** Closes and forgets the socket, whose later events then mean nothing. */
  #stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    clearTimeout(this.#watch);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #connect(): void {
    const socket = this.#net.socket(this.#url.href);
    this.#socket = socket;
    let opened = false;
    let greeted = false;
    let silent = false;
    const watch = () => {
      clearTimeout(this.#watch);
      this.#watch = setTimeout(() => {
        silent = true;
        if (greeted) this.#listener?.status({ phase: 'silent', problem: SILENT });
        else this.#later(UNREACHABLE);
      }, PATIENCE_MS);
    };
    watch();
    socket.onopen = () => {
      if (this.#socket !== socket) return;
      opened = true;
      this.#send({ type: 'hello', version: VERSION });
    };
    socket.onmessage = (event: MessageEvent) => {
      if (this.#socket !== socket) return;
      watch();
      const message = parse(event.data);
      if (message === null) return this.#end(MALFORMED);
      if (message.type === 'hello') {
        const problem = versionProblem(message.version);
        if (problem) return this.#end(problem);
        greeted = true;
        this.#backoff.reset();
        this.#listener?.status({ phase: 'open' });
      }
      if (message.type === 'bye') {
        // Turned away at the door: nothing is different next time. And an engine that is started again has another token.
        return greeted && message.problem.code !== 'ENGINE_ENDED' ? this.#later(message.problem) : this.#end(message.problem);
      }
      if (silent) this.#listener?.status({ phase: 'open' });
      silent = false;
      this.#listener?.message(message);
    };
    socket.onclose = () => {
      if (this.#socket === socket) void this.#closed(opened);
    };
  }

  async #closed(opened: boolean): Promise<void> {
    this.#socket = null;
    clearTimeout(this.#watch);
    if (opened) return this.#later(INTERRUPTED);
    const plain = new URL(this.#url);
    plain.protocol = this.#url.protocol === 'wss:' ? 'https:' : 'http:';
    const status = await this.#net.httpStatus(plain.href);
    if (this.#listener === null || this.#socket !== null || this.#timer !== null) return;
    if (status === 401 || status === 403) return this.#end(TOKEN_REFUSED);
    this.#later(UNREACHABLE);
  }

  /** Somebody has to do something first. */
  #end(problem: Problem): void {
    this.#stop();
    this.#listener?.status({ phase: 'lost', problem, retrying: false });
  }

  #later(problem: Problem): void {
    this.#stop();
    this.#listener?.status({ phase: 'lost', problem, retrying: true });
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#connect();
    }, this.#backoff.nextMillis());
  }
}

function parse(data: unknown): FromEngine | null {
  try {
    const message: unknown = JSON.parse(String(data));
    return typeof message === 'object' && message !== null && 'type' in message ? (message as FromEngine) : null;
  } catch {
    return null;
  }
}
