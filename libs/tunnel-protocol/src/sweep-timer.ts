/** A sweep that comes later than this many intervals after the one before means that this process stood still. */
const STALLED_INTERVALS = 6;

/**
 * Calls `sweep` every `intervalMs` while it is started. After a stall of the process one sweep is left out: messages that
 * came meanwhile still wait in the socket, and silence must not be judged before they are read. Never two in a row, so
 * that deadlines hold also where every turn is long.
 */
export class SweepTimer {
  readonly #sweep: () => void;
  readonly #intervalMs: number;
  #timer: NodeJS.Timeout | undefined;
  #firedAtMs = 0;
  #hasLeftOut = false;

  constructor(sweep: () => void, intervalMs: number) {
    this.#sweep = sweep;
    this.#intervalMs = intervalMs;
  }

  /** Does nothing while it is started. */
  start(): void {
    if (this.#timer !== undefined) return;
    this.#firedAtMs = performance.now();
    this.#timer = setInterval(() => this.#onTimer(), this.#intervalMs);
  }

  /** Safe to call twice. */
  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #onTimer(): void {
    const nowMs = performance.now();
    const hasStalled = nowMs - this.#firedAtMs >= STALLED_INTERVALS * this.#intervalMs;
    this.#firedAtMs = nowMs;
    this.#hasLeftOut = hasStalled && !this.#hasLeftOut;
    if (!this.#hasLeftOut) this.#sweep();
  }
}
