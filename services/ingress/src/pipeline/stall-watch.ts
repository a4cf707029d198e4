import { Roster } from '#libs/roster';

const CHECK_INTERVAL_MS = 1_000;

/** Something that waits for its user now and then. */
export type Stallable = {
  /** `performance.now()` since when it is the user's turn to send or to take bytes; 0 when it is not. */
  readonly waitsForUserSinceMs: number;
  /** Milliseconds it may last; undefined for the limit of all. */
  readonly stallLimitMs?: number | undefined;
  userStalled(): void;
};

/** Cuts users that neither send nor take a byte for too long: one timer for all requests with a body in motion. */
export class StallWatch {
  readonly #limitMs: number;
  readonly #members = new Roster<Stallable>();
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
    const now = performance.now();
    for (const member of this.#members) {
      const since = member.waitsForUserSinceMs;
      if (since > 0 && now - since > (member.stallLimitMs ?? this.#limitMs)) member.userStalled();
    }
  }
}
