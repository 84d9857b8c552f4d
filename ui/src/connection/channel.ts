import type { Problem } from '../protocol';

/** What Tauri puts into the webview's window. */
export interface TauriInternals {
  invoke(command: string, args: Record<string, unknown>): Promise<unknown>;
  transformCallback(callback: (payload: unknown) => void, once?: boolean): number;
}

type Packet<T> = { index: number; message: T } | { index: number; end: true };

/** Calls a command of the shell; the problem is why it was not done. */
export function call(tauri: TauriInternals, command: string, args: Record<string, unknown>): Promise<Problem | null> {
  return tauri.invoke(command, args).then(() => null, problemOf);
}

/** Makes a channel for a command to say things through, in the form that commands take it. */
export function channel<T>(tauri: TauriInternals, take: (message: T) => void, ended: () => void = () => {}): string {
  return `__CHANNEL__:${tauri.transformCallback(inOrder(take, ended))}`;
}

/** The number of a channel that was made here, by which the shell knows it. */
export function numberOf(channel: string): number {
  return Number(channel.slice(channel.indexOf(':') + 1));
}

/** A channel's packets carry numbers, because a long one may be overtaken by a short one. */
function inOrder<T>(take: (message: T) => void, ended: () => void): (payload: unknown) => void {
  const early = new Map<number, Packet<T>>();
  let next = 0;
  return (payload) => {
    const packet = payload as Packet<T>;
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
