const CHECK_INTERVAL_MS = 1_000;

/** Something that waits for its user now and then. */
export type Stallable = {
  /** `performance.now()` since when it is the user's turn to send or to take bytes; 0 when it is not. */
  readonly waitsForUserSinceMs: number;
  userStalled(): void;
};

/** Cuts users that neither send nor take a byte for too long: one timer for all requests with a body in motion. */
export class StallWatch {
  readonly #limitMs: number;
  readonly #members = new Set<Stallable>();
  #timer: NodeJS.Timeout | undefined;

  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  get size(): number {
    return this.#members.size;
  }

  add(member: Stallable): void {
    this.#members.add(member);
    this.#timer ??= setInterval(() => this.#check(), Math.min(CHECK_INTERVAL_MS, this.#limitMs));
  }

  remove(member: Stallable): void {
    this.#members.delete(member);
  }

  #check(): void {
    if (this.#members.size === 0) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      return;
    }
    const since = performance.now() - this.#limitMs;
    for (const member of this.#members)
      if (member.waitsForUserSinceMs > 0 && member.waitsForUserSinceMs < since) member.userStalled();
  }
}
