import type { Problem, ShellState } from '../protocol';
import { call, channel, type TauriInternals } from './channel';

/** The commands of the desktop shell itself. Each comes back with why it was not done, if it was not. */
export class ShellConnection {
  readonly #tauri: TauriInternals;

  constructor(tauri: TauriInternals) {
    this.#tauri = tauri;
  }

  /** Asks for the shell's state: at once, and again whenever it is different. */
  hello(take: (state: ShellState) => void): Promise<Problem | null> {
    return call(this.#tauri, 'shell_hello', { channel: channel(this.#tauri, take) });
  }

  /** Opens an app's folder or archive. */
  open(path: string): Promise<Problem | null> {
    return call(this.#tauri, 'shell_open', { path });
  }

  /** Lets the person choose a folder, or an archive, and opens it. */
  choose(archive: boolean): Promise<Problem | null> {
    return call(this.#tauri, 'shell_choose', { archive });
  }

  /** Takes an app off the list of those opened before. */
  forget(path: string): Promise<Problem | null> {
    return call(this.#tauri, 'shell_forget', { path });
  }

  /** Starts the shell when the person logs in, or no longer. */
  autostart(on: boolean): Promise<Problem | null> {
    return call(this.#tauri, 'shell_autostart', { on });
  }
}
