import type { ShellConnection } from '../connection/shell';
import type { Problem, ShellState } from '../protocol';
import type { Panel } from './panel.svelte';

/** What somebody wants to open: an app whose path is known, or what the system's dialog will tell. */
export type Wanted = { what: 'app'; path: string; title: string } | { what: 'folder' } | { what: 'archive' };

/** The desktop shell around the panel: which app is open, which ones were, and how to open another. */
export class Shell {
  state = $state.raw<ShellState | null>(null);
  /** What the shell failed at, until somebody has seen it or tries again. */
  problem = $state.raw<Problem | null>(null);
  /** What is being opened. */
  opening = $state.raw<Wanted | null>(null);
  /** Whether the shell has told its state, or that it has none to tell. */
  greeted = $state(false);
  readonly app = $derived(this.state?.app ?? null);
  /** Whether there is no app to show a panel for. */
  readonly empty = $derived(this.state !== null && this.state.app === null);
  /** Whether a run goes on. Another app has a window of its own. */
  readonly busy = $derived(this.app !== null && !this.#over());
  /** What was open before and is not now. */
  readonly recent = $derived((this.state?.recent ?? []).filter(({ path }) => path !== this.app?.path || !this.busy));
  readonly #connection: ShellConnection;
  readonly #panel: Panel;

  constructor(connection: ShellConnection, panel: Panel) {
    this.#connection = connection;
    this.#panel = panel;
  }

  /** The panel greets the engine only when an app is open. */
  async hello(): Promise<void> {
    const problem = await this.#connection.hello((state) => this.#take(state));
    if (problem === null || this.state !== null) return;
    // A shell that has no state to tell has opened its app by itself.
    this.greeted = true;
    this.#panel.open();
  }

  /** Opens something. */
  open(wanted: Wanted): void {
    if (!this.opening) void this.#open(wanted);
  }

  forget(path: string): void {
    void this.#do(() => this.#connection.ask({ what: 'forget', path }));
  }

  autostart(on: boolean): void {
    void this.#do(() => this.#connection.ask({ what: 'autostart', on }));
  }

  async #open(wanted: Wanted): Promise<void> {
    this.opening = wanted;
    await this.#do(() =>
      this.#connection.ask(wanted.what === 'app' ? { what: 'open', path: wanted.path } : { what: 'choose', archive: wanted.what === 'archive' }),
    );
    this.opening = null;
  }

  async #do(command: () => Promise<Problem | null>): Promise<Problem | null> {
    this.problem = this.#panel.refused = null;
    const problem = await command();
    if (problem) this.problem = problem;
    return problem;
  }

  #take(state: ShellState): void {
    const before = this.state;
    this.state = state;
    this.greeted = true;
    if (!same(before?.problem ?? null, state.problem)) this.problem = state.problem;
    if (state.app === null) {
      if (before?.app) this.#panel.close();
    } else if (state.app.path !== before?.app?.path || this.#early()) {
      this.#panel.open();
    }
  }

  #over(): boolean {
    return this.#panel.connection.phase === 'lost' || this.#panel.view.run.phase === 'ended';
  }

  /** Whether the panel greeted a run that had not begun. */
  #early(): boolean {
    const { connection } = this.#panel;
    return connection.phase === 'lost' && connection.problem.code === 'NOT_YET';
  }
}

function same(a: Problem | null, b: Problem | null): boolean {
  return a?.code === b?.code && a?.message === b?.message;
}
