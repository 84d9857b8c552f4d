import type { Ask, FromEngine, FromPanel, Problem } from '../protocol';
import { type Connection, type Listener, VERSION, versionProblem } from './connection';

/** What Tauri puts into the webview's window. */
export interface TauriInternals {
  invoke(command: string, args: Record<string, unknown>): Promise<unknown>;
  transformCallback(callback: (payload: unknown) => void, once?: boolean): number;
}

type Packet = { index: number; message: FromEngine } | { index: number; end: true };

/** The panel in the desktop shell: two commands, and a channel for what the engine says. Not run yet: the shell does not exist. */
export class TauriConnection implements Connection {
  readonly home = 'shell';
  readonly #tauri: TauriInternals;
  #listener: Listener | null = null;
  /** Rises with every attempt; messages of an earlier one mean nothing. */
  #attempt = 0;

  constructor(tauri: TauriInternals) {
    this.#tauri = tauri;
  }

  open(listener: Listener): void {
    this.#listener = listener;
    this.retry();
  }

  ask(id: number, ask: Ask): void {
    const message: FromPanel = { type: 'ask', id, ask };
    const answer = (problem: Problem | null) => this.#listener?.message({ type: 'answer', id, problem });
    this.#tauri.invoke('panel_ask', { message }).then(
      () => answer(null),
      (error: unknown) => answer(problemOf(error)),
    );
  }

  retry(): void {
    const attempt = ++this.#attempt;
    this.#listener?.status({ phase: 'connecting' });
    const channel = inOrder(
      (message) => attempt === this.#attempt && this.#take(message),
      () => attempt === this.#attempt && this.#lost({ code: 'ENGINE_ENDED', message: 'The engine has ended.', hint: null }),
    );
    const message: FromPanel = { type: 'hello', version: VERSION };
    const id = this.#tauri.transformCallback(channel);
    this.#tauri.invoke('panel_hello', { message, channel: `__CHANNEL__:${id}` }).catch((error: unknown) => {
      if (attempt === this.#attempt) this.#lost(problemOf(error));
    });
  }

  close(): void {
    this.#attempt += 1;
    this.#listener = null;
  }

  #take(message: FromEngine): void {
    if (message.type === 'bye') return this.#lost(message.problem);
    if (message.type === 'hello') {
      const problem = versionProblem(message.version);
      if (problem) return this.#lost(problem);
      this.#listener?.status({ phase: 'open' });
    }
    this.#listener?.message(message);
  }

  #lost(problem: Problem): void {
    this.#attempt += 1;
    this.#listener?.status({ phase: 'lost', problem, retrying: false });
  }
}

/** A channel's packets carry numbers, because a long one may be overtaken by a short one. */
function inOrder(take: (message: FromEngine) => void, ended: () => void): (payload: unknown) => void {
  const early = new Map<number, Packet>();
  let next = 0;
  return (payload) => {
    const packet = payload as Packet;
    early.set(packet.index, packet);
    for (let now = early.get(next); now; now = early.get(next)) {
      early.delete(next);
      next += 1;
      if ('end' in now) ended();
      else take(now.message);
    }
  };
}

function problemOf(error: unknown): Problem {
  if (typeof error === 'object' && error !== null && 'code' in error && 'message' in error) {
    const { code, message, hint } = error as Problem;
    return { code, message, hint: hint ?? null };
  }
  return { code: 'SHELL', message: String(error), hint: null };
}
