import { type Ask, type FromEngine, type Problem, VERSION } from '../protocol';

/** Where the panel runs: in the desktop shell, in a browser connected to `serve`, or as a page with recorded data. */
export type Home = 'shell' | 'browser' | 'recorded';

export type Status =
  | { phase: 'connecting' }
  | { phase: 'open' }
  /** The connection stands, and nothing has arrived for a while. */
  | { phase: 'silent'; problem: Problem }
  /** Nothing arrives. `retrying`: the connection tries again by itself; otherwise somebody has to do what the problem's hint says. */
  | { phase: 'lost'; problem: Problem; retrying: boolean };

export interface Listener {
  message(message: FromEngine): void;
  status(status: Status): void;
}

/** The way to an engine. It says hello by itself; whoever listens gets the engine's messages in order. */
export interface Connection {
  readonly home: Home;
  open(listener: Listener): void;
  ask(id: number, ask: Ask): void;
  /** Tries again now. */
  retry(): void;
  close(): void;
}

/** What is wrong with an engine's version, if anything. */
export function versionProblem(version: number): Problem | null {
  if (version === VERSION) return null;
  return {
    code: 'PROTOCOL_VERSION',
    message: `The engine speaks version ${version} of the panel's messages, this panel speaks version ${VERSION}.`,
    hint: 'Use the panel that came with this engine, then reload.',
  };
}
