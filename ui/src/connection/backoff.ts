const FIRST_MILLIS = 500;
const MAX_MILLIS = 15_000;

/** How long to wait before each next attempt: twice as long every time, a little different for every client. */
export class Backoff {
  #attempts = 0;
  readonly #random: () => number;

  constructor(random: () => number = Math.random) {
    this.#random = random;
  }

  nextMillis(): number {
    const wait = Math.min(MAX_MILLIS, FIRST_MILLIS * 2 ** this.#attempts);
    this.#attempts += 1;
    return wait * (0.75 + 0.25 * this.#random());
  }

  reset(): void {
    this.#attempts = 0;
  }
}
