import { Roster } from '#libs/roster';

const CHECK_INTERVAL_MS = 1_000;

/** Something that waits for its user now and then. */
export type Stallable = {
  /** `performance.now()` since when it is the user's turn to send or to take bytes; 0 when it is not. */
  readonly waitsForUserSinceMs: number;
  /** Milliseconds it may last; undefined for the limit of all. */
  readonly stallLimitMs?: number | undefined;
  userStalled(): void;
  /** The user sends its body, but too slowly. */
  isTooSlow(nowMs: number): boolean;
  userTooSlow(): void;
};

/**
 * Cuts users that neither send nor take a byte for too long, or send too slowly: one timer for all requests with a body in
 * motion. After a long pause of this process bytes wait in the sockets: users are judged at the next check.
 */
export class StallWatch {
  readonly #limitMs: number;
  readonly #intervalMs: number;
  readonly #members = new Roster<Stallable>();
  #timer: NodeJS.Timeout | undefined;
  #checkedAtMs = 0;

  /** `shortestMs`: the shortest time anything here is judged by. */
  constructor(limitMs: number, shortestMs = limitMs) {
    this.#limitMs = limitMs;
    this.#intervalMs = Math.min(CHECK_INTERVAL_MS, shortestMs);
  }

  get size(): number {
    return this.#members.size;
  }

  add(member: Stallable): void {
    this.#members.add(member);
    if (this.#timer !== undefined) return;
    this.#checkedAtMs = performance.now();
    this.#timer = setInterval(() => this.#check(), this.#intervalMs);
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
    const wasPaused = now - this.#checkedAtMs > 4 * this.#intervalMs;
    this.#checkedAtMs = now;
    if (wasPaused) return;
    for (const member of this.#members) {
      const since = member.waitsForUserSinceMs;
      if (since > 0 && now - since > (member.stallLimitMs ?? this.#limitMs)) member.userStalled();
      else if (member.isTooSlow(now)) member.userTooSlow();
    }
  }
}
