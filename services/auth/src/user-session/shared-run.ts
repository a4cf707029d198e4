/**
 * Work that many may want at once and that costs the same for all of them: at most one run is under way and one is next. Whoever asks
 * meanwhile shares the next, which begins after they asked.
 */
export class SharedRun<T> {
  readonly #work: () => Promise<T>;
  #current: Promise<unknown> | undefined;
  #next: Promise<T> | undefined;

  constructor(work: () => Promise<T>) {
    this.#work = work;
  }

  /** What a run comes to that begins after this call. Fails as the run does. */
  run(): Promise<T> {
    if (this.#next !== undefined) return this.#next;
    if (this.#current === undefined) return this.#begin();
    this.#next = this.#current.then(() => {
      this.#next = undefined;
      return this.#begin();
    });
    return this.#next;
  }

  #begin(): Promise<T> {
    const run = this.#work();
    const end = () => {
      this.#current = undefined;
    };
    this.#current = run.then(end, end);
    return run;
  }
}
