import type { Problem, ShellAsk, ShellState } from '../protocol';
import { call, channel, type TauriInternals } from './channel';

/** What the panel says to the desktop shell itself. It comes back with why it was not done, if it was not. */
export class ShellConnection {
  readonly #tauri: TauriInternals;

  constructor(tauri: TauriInternals) {
    this.#tauri = tauri;
  }

  /** Asks for the shell's state: at once, and again whenever it is different. */
  hello(take: (state: ShellState) => void): Promise<Problem | null> {
    return call(this.#tauri, 'shell_hello', { channel: channel(this.#tauri, take) });
  }

  /** Asks for something. */
  ask(ask: ShellAsk): Promise<Problem | null> {
    return call(this.#tauri, 'shell_ask', { ask });
  }
}
