/** Tokens refill evenly; the bucket holds one second worth, so a limit of 500/s admits at most 500 at once. */
export class TokenBucket {
  #perSecond: number;
  #tokens: number;
  #at: number;

  constructor(perSecond: number, nowMs: number) {
    this.#perSecond = perSecond;
    this.#tokens = capacity(perSecond);
    this.#at = nowMs;
  }

  setRate(perSecond: number, nowMs: number): void {
    if (perSecond === this.#perSecond) return;
    this.#refill(nowMs);
    this.#perSecond = perSecond;
    this.#tokens = Math.min(this.#tokens, capacity(perSecond));
  }

  tryTake(nowMs: number): boolean {
    this.#refill(nowMs);
    if (this.#tokens < 1) return false;
    this.#tokens -= 1;
    return true;
  }

  giveBack(): void {
    this.#tokens = Math.min(this.#tokens + 1, capacity(this.#perSecond));
  }

  /** Whole seconds until a token is there, at least 1. */
  retryAfterSeconds(): number {
    return Math.max(1, Math.ceil((1 - this.#tokens) / this.#perSecond));
  }

  #refill(nowMs: number): void {
    const elapsedMs = nowMs - this.#at;
    if (elapsedMs <= 0) return;
    this.#at = nowMs;
    this.#tokens = Math.min(capacity(this.#perSecond), this.#tokens + (elapsedMs * this.#perSecond) / 1000);
  }
}

function capacity(perSecond: number): number {
  return Math.max(1, perSecond);
}
