/** How often silence is judged. */
export const TICK_MS = 125;
/** Nothing heard for this long: the hub is asked. */
export const ASK_AFTER_MS = 500;
/** Nothing heard for this long since it was asked: silent. Both together leave a request its last dispatch (3 of 1 s). */
export const SILENT_AFTER_MS = 750;
/** Ticks this far apart mean that this process stood still: what came meanwhile waits to be read. */
const PAUSED_MS = 4 * TICK_MS;

export type PulseState = 'fine' | 'ask' | 'silent';

/** Judges the silence of the other end of a connection. Pure: instants are arguments, of one monotonic clock. */
export class Pulse {
  #heardAtMs: number;
  #tickedAtMs: number;
  #askedAtMs: number | undefined;

  constructor(nowMs: number) {
    this.#heardAtMs = nowMs;
    this.#tickedAtMs = nowMs;
  }

  heard(nowMs: number): void {
    this.#heardAtMs = nowMs;
    this.#askedAtMs = undefined;
  }

  /** `ask` is said once per silence. */
  tick(nowMs: number): PulseState {
    const pausedMs = nowMs - this.#tickedAtMs;
    this.#tickedAtMs = nowMs;
    if (pausedMs >= PAUSED_MS) {
      this.#heardAtMs += pausedMs;
      if (this.#askedAtMs !== undefined) this.#askedAtMs += pausedMs;
    }
    if (this.#askedAtMs !== undefined) return nowMs - this.#askedAtMs >= SILENT_AFTER_MS ? 'silent' : 'fine';
    if (nowMs - this.#heardAtMs < ASK_AFTER_MS) return 'fine';
    this.#askedAtMs = nowMs;
    return 'ask';
  }
}
