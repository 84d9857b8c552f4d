import type { Connection, Listener, Status } from '../connection/connection';
import type { AppInfo, Ask, FromEngine, Problem } from '../protocol';
import { apply, begin, EMPTY, isRoutine, type View } from './apply';
import { summarize } from './frames';
import { Pace } from './pace';

/** Between two times that numbers and charts change by themselves, ms. More often nobody could read them, and who draws them takes the time of the frames. */
const PACE_MS = 250;

const READ_ONLY = 'This connection may watch the run but not change it. To change runs from the panel, start `wasm-engine serve` with `--allow-control`.';

/** Why asking is impossible: a short word for the app bar, and the reason. */
export interface Refusal {
  word: string;
  reason: string;
}

const SEED_MAX = 2n ** 64n - 1n;

/** Whether the engine takes this as a seed. */
function isSeed(text: string): boolean {
  return /^\d{1,20}$/.test(text) && BigInt(text) <= SEED_MAX;
}

const INTERRUPTED: Problem = { code: 'ASK_INTERRUPTED', message: 'The connection was begun anew before the engine had answered.', hint: 'Ask again.' };

/** Everything the panel shows, and the one way to ask for something. */
export class Panel implements Listener {
  view = $state.raw<View>(EMPTY);
  app = $state.raw<AppInfo | null>(null);
  engine = $state('');
  mayAsk = $state(false);
  connection = $state.raw<Status>({ phase: 'connecting' });
  /** What was typed into the seed's field; `null` while it shows the run's seed. */
  seed = $state<string | null>(null);
  /** Why what a person wanted last was not done. */
  refused = $state.raw<Problem | null>(null);
  /** The newest error, for those who hear instead of see; the same text may come twice, as another object. */
  announced = $state.raw({ text: '' });

  readonly home: Connection['home'];
  /** Whether there is a state to show. */
  readonly known = $derived(this.app !== null && this.view !== EMPTY);
  readonly summary = $derived(summarize(this.view.frames));
  /** The seed that a restart takes; `null` is the same as before. */
  readonly #wantedSeed = $derived(this.seed?.trim() || null);
  readonly seedInvalid = $derived(this.#wantedSeed !== null && !isSeed(this.#wantedSeed));
  readonly refusal = $derived.by(() => this.#refusal());

  readonly #connection: Connection;
  readonly #pending = new Map<number, ((problem: Problem | null) => void) | undefined>();
  readonly #pace = new Pace(PACE_MS);
  /** What `view` becomes next. */
  #latest: View = EMPTY;
  #id = 0;

  constructor(connection: Connection) {
    this.#connection = connection;
    this.home = connection.home;
  }

  /** Connects, with nothing known yet. */
  open(): void {
    this.#blank();
    this.#connection.open(this);
  }

  /** Lets the run go: there is none to show. */
  close(): void {
    this.#connection.close();
    this.#blank();
    this.#forget({ code: 'ENGINE_ENDED', message: 'The engine has ended.', hint: null });
  }

  retry(): void {
    this.#connection.retry();
  }

  /** Asks the engine. `done` is called with its answer, or at once with the reason when nothing may be asked. */
  ask(ask: Ask, done?: (problem: Problem | null) => void): void {
    if (this.refusal) {
      this.refused = { code: 'NOT_ASKED', message: this.refusal.reason, hint: null };
      return done?.(this.refused);
    }
    this.#id += 1;
    this.#pending.set(this.#id, done);
    this.refused = null;
    this.#connection.ask(this.#id, ask);
  }

  /** Restarts the run with the seed that the field shows. */
  restart(): void {
    if (this.seedInvalid) {
      this.refused = { code: 'SEED_INVALID', message: 'A seed is a whole number from 0 to 18,446,744,073,709,551,615.', hint: 'Write it in digits alone.' };
      return;
    }
    this.ask({ what: 'restart', seed: this.#wantedSeed }, (problem) => {
      if (!problem) this.seed = null;
    });
  }

  status(status: Status): void {
    this.connection = status;
    if (status.phase === 'lost') this.#forget(status.problem);
    // The answers would come on the connection before.
    if (status.phase === 'connecting') this.#forget(INTERRUPTED);
  }

  message(message: FromEngine): void {
    switch (message.type) {
      case 'hello':
        this.app = message.app;
        this.engine = message.engine;
        this.mayAsk = message.may.ask;
        break;
      case 'snapshot':
        this.#pace.stop();
        this.view = this.#latest = begin(message.state);
        break;
      case 'change': {
        const soon = isRoutine(this.#latest, message.change);
        this.#latest = apply(this.#latest, message.change);
        this.#pace.run(() => {
          this.view = this.#latest;
        }, soon);
        const error = message.change.log.findLast((entry) => entry.level === 'error');
        if (error) this.announced = { text: `${error.part}: ${error.text}` };
        break;
      }
      case 'answer': {
        const done = this.#pending.get(message.id);
        if (this.#pending.delete(message.id) && message.problem) this.refused = message.problem;
        done?.(message.problem);
        break;
      }
      case 'alive':
      case 'bye':
        break;
    }
  }

  #blank(): void {
    this.app = null;
    this.#pace.stop();
    this.view = this.#latest = EMPTY;
    this.mayAsk = false;
    this.seed = null;
    this.refused = null;
    this.announced = { text: '' };
    this.connection = { phase: 'connecting' };
  }

  /** Nobody will answer what was asked before. */
  #forget(problem: Problem): void {
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const done of pending) done?.(problem);
  }

  #refusal(): Refusal | null {
    if (this.connection.phase === 'silent') return { word: 'No news', reason: 'The engine has said nothing for a while.' };
    if (this.connection.phase !== 'open') return { word: 'Not connected', reason: 'There is no connection to the engine.' };
    if (this.home === 'recorded') return { word: 'Recorded', reason: 'These are recorded data: there is no engine to ask.' };
    if (!this.mayAsk) return { word: 'Read only', reason: READ_ONLY };
    if (this.view.run.phase === 'ended') return { word: 'Ended', reason: 'The run has ended.' };
    return null;
  }
}
