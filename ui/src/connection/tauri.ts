import { type Ask, type FromEngine, type FromPanel, type Problem, VERSION } from '../protocol';
import { call, channel, numberOf, type TauriInternals } from './channel';
import { type Connection, type Listener, versionProblem } from './connection';

/**
 * The panel in the desktop shell: three commands, and a channel for what the engine says. A greeting fails with `NOT_YET` until an app is open. What was taken from the
 * channel is said, since the engine sends nothing more before.
 */
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
    void call(this.#tauri, 'panel_ask', { message }).then((problem) => this.#listener?.message({ type: 'answer', id, problem }));
  }

  retry(): void {
    const attempt = ++this.#attempt;
    this.#listener?.status({ phase: 'connecting' });
    const message: FromPanel = { type: 'hello', version: VERSION };
    let messages = 0;
    const said: string = channel<FromEngine>(
      this.#tauri,
      (message) => {
        if (attempt !== this.#attempt) return;
        // Also what cannot be shown was taken: nothing would come any more.
        try {
          this.#take(message);
        } finally {
          messages += 1;
          void call(this.#tauri, 'panel_took', { channel: numberOf(said), messages });
        }
      },
      () => attempt === this.#attempt && this.#lost({ code: 'ENGINE_ENDED', message: 'The engine has ended.', hint: null }),
    );
    void call(this.#tauri, 'panel_hello', { message, channel: said }).then((problem) => {
      if (problem && attempt === this.#attempt) this.#lost(problem);
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
