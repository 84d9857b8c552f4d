import type { FromEngine, Problem } from '../protocol';
import { type Connection, type Listener, versionProblem } from './connection';

/** `recorded.json`: what an engine once said, in order. */
export type Recorded = FromEngine[];

const ABSENT: Problem = {
  code: 'TOKEN_MISSING',
  message: 'This address has no token, and there are no recorded data beside the page.',
  hint: 'Open the address that `wasm-engine serve` printed.',
};

/** The panel as a page of the documentation: it shows recorded data and asks nothing. */
export class RecordedConnection implements Connection {
  readonly home = 'recorded';
  readonly #load: () => Promise<Recorded | null>;
  #listener: Listener | null = null;

  constructor(load: () => Promise<Recorded | null>) {
    this.#load = load;
  }

  open(listener: Listener): void {
    this.#listener = listener;
    this.retry();
  }

  ask(): void {}

  retry(): void {
    this.#listener?.status({ phase: 'connecting' });
    void this.#load().then((recorded) => this.#tell(recorded));
  }

  close(): void {
    this.#listener = null;
  }

  #tell(recorded: Recorded | null): void {
    const hello = recorded?.find((message) => message.type === 'hello');
    const problem = hello?.type === 'hello' ? versionProblem(hello.version) : ABSENT;
    if (problem) return this.#listener?.status({ phase: 'lost', problem, retrying: false });
    this.#listener?.status({ phase: 'open' });
    for (const message of recorded ?? []) {
      this.#listener?.message(message.type === 'hello' ? { ...message, may: { ask: false } } : message);
    }
  }
}

/** The recorded data at `url`, or `null` when there are none. */
export async function loadRecorded(url: URL): Promise<Recorded | null> {
  try {
    const response = await fetch(url);
    if (!response.ok) return null;
    const recorded: unknown = await response.json();
    return Array.isArray(recorded) ? (recorded as Recorded) : null;
  } catch {
    return null;
  }
}
