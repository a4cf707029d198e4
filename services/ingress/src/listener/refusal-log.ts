import type { Logger } from '#libs/telemetry';

/** Lines in a period; more are left out, and counted in one line when it is over. */
export const MAX_REFUSALS_LOGGED = 20;
export const REFUSAL_PERIOD_MS = 10_000;

export type Refusal = {
  /** Finding of the parser, kebab-case. */
  readonly reason: string;
  readonly requestId: string;
  readonly address: string;
};

/**
 * The log of bytes that are no request: they have no access record, and whoever sends them must not fill the disk. The total
 * stands in the log at drain (`malformed`).
 */
export class RefusalLog {
  readonly #logger: Logger;
  #sinceMs = Number.NEGATIVE_INFINITY;
  #lines = 0;
  #leftOut = 0;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** False: the period has had its lines. This refusal is counted as left out. */
  tryTakeLine(nowMs: number): boolean {
    this.check(nowMs);
    if (this.#lines === 0) this.#sinceMs = nowMs;
    if (this.#lines === MAX_REFUSALS_LOGGED) {
      this.#leftOut += 1;
      return false;
    }
    this.#lines += 1;
    return true;
  }

  write(refusal: Refusal): void {
    this.#logger.warn('request not read', refusal);
  }

  /** Ends a period that is over. To be called now and then, so that the number left out does not wait for the next refusal. */
  check(nowMs: number): void {
    if (nowMs - this.#sinceMs >= REFUSAL_PERIOD_MS) this.end();
  }

  /** Ends the period now. */
  end(): void {
    this.#lines = 0;
    if (this.#leftOut === 0) return;
    this.#logger.warn('more requests not read', { leftOut: this.#leftOut });
    this.#leftOut = 0;
  }
}
