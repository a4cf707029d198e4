export type BodyPaceLimits = {
  /** Content bytes a sender must keep up on average. Above 0. */
  readonly minBytesPerSecond: number;
  /** What a sender has in hand at the start, milliseconds. */
  readonly graceMs: number;
  /** The most a fast sender can have in hand later, milliseconds. */
  readonly maxLeadMs: number;
};

/**
 * Whether a request body comes too slowly. The sender has time in hand: it runs out while bytes are waited for, and every byte
 * adds to it. The clock stands while nobody here reads, so that a slow origin is never the sender's fault. Bytes sent fast in
 * the beginning buy `maxLeadMs` at most, not hours of one byte a minute.
 */
export class BodyPace {
  readonly #limits: BodyPaceLimits;
  #inHandMs: number;
  /** When the clock last started, 0 while it stands. */
  #sinceMs = 0;

  constructor(limits: BodyPaceLimits) {
    this.#limits = limits;
    this.#inHandMs = limits.graceMs;
  }

  /** Bytes are waited for from now on. */
  start(nowMs: number): void {
    if (this.#sinceMs === 0) this.#sinceMs = nowMs;
  }

  /** Nothing is read from now on. */
  stop(nowMs: number): void {
    this.#spend(nowMs);
    this.#sinceMs = 0;
  }

  took(bytes: number, nowMs: number): void {
    this.#spend(nowMs);
    const { minBytesPerSecond, maxLeadMs } = this.#limits;
    this.#inHandMs = Math.min(maxLeadMs, this.#inHandMs + (bytes * 1000) / minBytesPerSecond);
  }

  isBehind(nowMs: number): boolean {
    return this.#sinceMs !== 0 && nowMs - this.#sinceMs > this.#inHandMs;
  }

  #spend(nowMs: number): void {
    if (this.#sinceMs === 0) return;
    this.#inHandMs -= nowMs - this.#sinceMs;
    this.#sinceMs = nowMs;
  }
}
