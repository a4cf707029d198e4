/**
 * The monotonic clock of one tunnel end, in whole milliseconds. Read once per message, flush and sweep instead of for
 * every statement: it may be behind by one sweep interval while channels are open, which is the resolution of all
 * deadlines. Whole numbers are stored without an object each.
 */
export class CoarseClock {
  #nowMs = Math.floor(performance.now());

  get nowMs(): number {
    return this.#nowMs;
  }

  tick(): number {
    this.#nowMs = Math.floor(performance.now());
    return this.#nowMs;
  }
}
