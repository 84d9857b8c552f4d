/** A real run, and a client of it without a panel. */

import { type ChildProcess, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import WebSocket from 'ws';
import { type Ask, type FromEngine, type FromPanel, type Problem, VERSION } from '../src/protocol';
import { apply, begin, type View } from '../src/state/apply';

/** The built program, and an app with parameters; `cargo xtask test panel` names both. */
export const PROGRAM = process.env.WASM_ENGINE_PROGRAM;
export const APP = process.env.WASM_ENGINE_APP;

/** A run that panels may control, and its addresses for a browser and for a program. */
export interface Served {
  engine: ChildProcess;
  ended: Promise<number | null>;
  panel: string;
  socket: string;
}

export async function serve(...options: string[]): Promise<Served> {
  const engine = spawn(PROGRAM ?? '', ['serve', APP ?? '', '--allow-control', '--json', ...options], { stdio: ['ignore', 'pipe', 'ignore'] });
  const ended = new Promise<number | null>((resolve) => engine.once('exit', resolve));
  const lines = createInterface({ input: engine.stdout ?? process.stdin });
  const first = await new Promise<string>((resolve) => lines.once('line', resolve));
  const { panel, socket } = JSON.parse(first) as { panel: string; socket: string };
  return { engine, ended, panel, socket };
}

/** A client, which tells what the engine says. */
export class Witness {
  /** Hello and snapshot, as they came. */
  readonly greeting: FromEngine[] = [];
  view: View | null = null;
  bye: string | null = null;
  readonly #socket: WebSocket;
  readonly #answers = new Map<number, (problem: Problem | null) => void>();
  #id = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
  }

  /** Connects, and waits for the snapshot. */
  static async connect(address: string): Promise<Witness> {
    const socket = new WebSocket(address);
    await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
    const witness = new Witness(socket);
    const greeted = new Promise<void>((resolve) => {
      socket.on('message', (data) => {
        witness.#hear(JSON.parse(String(data)) as FromEngine);
        if (witness.view) resolve();
      });
    });
    witness.#say({ type: 'hello', version: VERSION });
    await greeted;
    return witness;
  }

  get now(): View {
    if (!this.view) throw new Error('no snapshot has come');
    return this.view;
  }

  /** Asks, and gives the answer. */
  ask(ask: Ask): Promise<Problem | null> {
    const id = ++this.#id;
    const answer = new Promise<Problem | null>((resolve) => this.#answers.set(id, resolve));
    this.#say({ type: 'ask', id, ask });
    return answer;
  }

  close(): void {
    this.#socket.close();
  }

  #say(message: FromPanel): void {
    this.#socket.send(JSON.stringify(message));
  }

  #hear(message: FromEngine): void {
    if (message.type === 'hello' || message.type === 'snapshot') this.greeting.push(message);
    if (message.type === 'snapshot') this.view = begin(message.state);
    if (message.type === 'change' && this.view) this.view = apply(this.view, message.change);
    if (message.type === 'answer') this.#answers.get(message.id)?.(message.problem);
    if (message.type === 'bye') this.bye = message.problem.code;
  }
}
