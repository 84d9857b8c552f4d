/** A small server that speaks the panel's protocol as `serve` does, with a make-believe engine behind it. */

import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type WebSocket, WebSocketServer } from 'ws';
import type { Ask, Change, FromEngine, FromPanel } from '../src/protocol';
import { hello, World } from './world';

const DIST = fileURLToPath(new URL('../dist', import.meta.url));
const TYPES: Record<string, string> = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript', '.css': 'text/css', '.json': 'application/json' };
/** How long after its answer to an ask a client is told what is different: the real one says it with the next change. */
const CHANGE_MS = 60;
/** How long nothing is said before it is said that the engine lives. */
const ALIVE_MS = 2000;
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; base-uri 'none'; form-action 'none'";

export const TOKEN = 'b7c1f0d2a9';

export interface Options {
  mayAsk?: boolean;
  version?: number;
  port?: number;
  world?: World;
  /** Served as `recorded.json`. */
  recorded?: FromEngine[];
}

export class TestServer {
  readonly world: World;
  readonly asks: Ask[] = [];
  readonly #options: Options;
  readonly #http: Server;
  readonly #sockets = new Set<WebSocket>();
  #timer: ReturnType<typeof setInterval> | null = null;
  #alive: ReturnType<typeof setInterval> | undefined;
  /** Says nothing any more by itself, as a stopped process does. */
  mute = false;
  /** How long its answers take, ms. */
  late = 0;

  private constructor(options: Options) {
    this.#options = options;
    this.world = options.world ?? World.running();
    this.#http = createServer((request, response) => {
      void this.#file(request.url ?? '/').then(
        ([type, body]) => response.writeHead(200, { 'content-type': type, 'content-security-policy': POLICY }).end(body),
        (status: number) => response.writeHead(typeof status === 'number' ? status : 404).end(),
      );
    });
    const sockets = new WebSocketServer({ noServer: true });
    this.#http.on('upgrade', (request, socket, head) => {
      const url = new URL(request.url ?? '/', 'http://localhost');
      if (url.pathname !== '/panel' || url.searchParams.get('token') !== TOKEN) {
        socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n');
        return;
      }
      sockets.handleUpgrade(request, socket, head, (client) => this.#client(client));
    });
  }

  static async start(options: Options = {}): Promise<TestServer> {
    const server = new TestServer(options);
    server.#alive = setInterval(() => !server.mute && server.say({ type: 'alive' }), ALIVE_MS);
    await new Promise<void>((resolve) => server.#http.listen(options.port ?? 0, '127.0.0.1', resolve));
    return server;
  }

  get port(): number {
    return (this.#http.address() as AddressInfo).port;
  }

  url(token: string | null = TOKEN): string {
    return `http://127.0.0.1:${this.port}/${token === null ? '' : `#token=${token}`}`;
  }

  /** Runs six ticks ten times a second while the run is not paused. */
  play(): void {
    this.#timer ??= setInterval(() => {
      if (this.world.state.run.phase === 'running') this.change(this.world.advance(6));
    }, 100);
  }

  still(): void {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
  }

  change(change: Change): void {
    this.say({ type: 'change', change });
  }

  say(message: FromEngine): void {
    for (const client of this.#sockets) client.send(JSON.stringify(message));
  }

  /** Ends every connection, as a network does. */
  interrupt(): void {
    for (const client of this.#sockets) client.terminate();
  }

  async stop(): Promise<void> {
    this.still();
    clearInterval(this.#alive);
    this.interrupt();
    await new Promise((resolve) => {
      this.#http.close(resolve);
      this.#http.closeAllConnections();
    });
  }

  #client(client: WebSocket): void {
    const send = (message: FromEngine) => client.send(JSON.stringify(message));
    client.on('close', () => this.#sockets.delete(client));
    client.on('message', (data) => {
      const message = JSON.parse(String(data)) as FromPanel;
      if (message.type === 'hello') {
        send(hello(this.#options.mayAsk ?? true, this.#options.version));
        send({ type: 'snapshot', state: this.world.state });
        this.#sockets.add(client);
        return;
      }
      this.asks.push(message.ask);
      const { problem, change } = this.world.answer(message.ask);
      setTimeout(() => client.readyState === client.OPEN && send({ type: 'answer', id: message.id, problem }), this.late);
      if (change) setTimeout(() => this.change(this.#newest(change)), CHANGE_MS);
    });
  }

  /** A change as it is when it is told. */
  #newest(change: Change): Change {
    const { run, params } = this.world.state;
    return { ...change, run: change.run && run, params: change.params && params };
  }

  async #file(url: string): Promise<[string, string | Uint8Array]> {
    const { pathname, searchParams } = new URL(url, 'http://localhost');
    if (pathname === '/panel') throw searchParams.get('token') === TOKEN ? 426 : 401;
    if (pathname === '/recorded.json') {
      if (!this.#options.recorded) throw 404;
      return ['application/json', JSON.stringify(this.#options.recorded)];
    }
    const path = normalize(pathname === '/' ? '/index.html' : pathname);
    return [TYPES[extname(path)] ?? 'application/octet-stream', await readFile(join(DIST, path))];
  }
}
