/** Holds back what costs much and comes often: of what was asked for in between, the last is done when its time has come. */
export class Pace {
  readonly #apart: number;
  #done = Number.NEGATIVE_INFINITY;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** `apart`: between two times, ms. */
  constructor(apart: number) {
    this.#apart = apart;
  }

  /** Does this instead of what still waits: `soon`, or at once where somebody waits for it. */
  run(act: () => void, soon: boolean): void {
    clearTimeout(this.#timer);
    const wait = soon ? this.#done + this.#apart - performance.now() : 0;
    if (wait > 0) this.#timer = setTimeout(() => this.#run(act), wait);
    else this.#run(act);
  }

  /** Forgets what waits. */
  stop(): void {
    clearTimeout(this.#timer);
  }

  #run(act: () => void): void {
    this.#done = performance.now();
    act();
  }
}
