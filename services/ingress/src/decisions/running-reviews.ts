import { Roster } from '#libs/roster';
import type { Decision, DecisionQuestion } from './decision-cache.ts';
import type { GrantedAccess } from './granted-access.ts';

/** A request under way that a decision let in. */
export type RunningAccess = {
  readonly question: DecisionQuestion;
  readonly access: GrantedAccess;
  /** Milliseconds since the epoch at which auth is asked about it again. Set by RunningReviews. */
  reviewAtMs: number;
  /** Auth says no now. */
  accessLost(): void;
};

/** How often running requests are looked at, and how soon auth is asked again when it did not answer. */
const REVIEW_INTERVAL_MS = 1_000;

/**
 * Requests that run on a decision. Until `unwatch`, auth decides about one again when a revocation names its session or app,
 * and whenever the decision it runs on is used up: an ended session needs no revocation to end its streams.
 */
export class RunningReviews {
  readonly #decide: (question: DecisionQuestion) => Decision | Promise<Decision>;
  readonly #now: () => number;
  readonly #maxReviewing: number;
  readonly #running = new Roster<RunningAccess>();
  /** Each at most once: however many a revocation names, they take their turn. */
  readonly #waiting = new Set<RunningAccess>();
  #reviewing = 0;
  #timer: NodeJS.Timeout | undefined;

  /** `maxReviewing`: questions at once, beside those about new requests. `decide` exchanges no tokens: nobody's token service keeps others. */
  constructor(options: {
    readonly decide: (question: DecisionQuestion) => Decision | Promise<Decision>;
    readonly maxReviewing: number;
    readonly now: () => number;
  }) {
    this.#decide = options.decide;
    this.#maxReviewing = options.maxReviewing;
    this.#now = options.now;
  }

  watch(running: RunningAccess): void {
    running.reviewAtMs = running.access.usableUntilMs;
    this.#running.add(running);
    if (this.#timer !== undefined) return;
    this.#timer = setInterval(() => this.#reviewOverdue(), REVIEW_INTERVAL_MS);
    this.#timer.unref();
  }

  unwatch(running: RunningAccess): void {
    this.#running.delete(running);
    this.#waiting.delete(running);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#waiting.clear();
  }

  /** Asks about those whose access is named. */
  review(isNamed: (access: GrantedAccess) => boolean): void {
    for (const running of this.#running) if (isNamed(running.access)) this.#await(running);
    this.#startReviews();
  }

  #reviewOverdue(): void {
    if (this.#running.size === 0) {
      this.stop();
      return;
    }
    const now = this.#now();
    for (const running of this.#running) if (running.reviewAtMs <= now) this.#await(running);
    this.#startReviews();
  }

  #await(running: RunningAccess): void {
    running.reviewAtMs = Number.POSITIVE_INFINITY;
    this.#waiting.add(running);
  }

  #startReviews(): void {
    for (const running of this.#waiting) {
      if (this.#reviewing >= this.#maxReviewing) return;
      this.#waiting.delete(running);
      this.#reviewing += 1;
      void Promise.resolve(this.#decide(running.question)).then((decision) => {
        this.#reviewing -= 1;
        if (this.#running.has(running)) this.#reviewed(running, decision);
        this.#startReviews();
      });
    }
  }

  /** A clear no ends it. Auth that does not answer, or is asked too much, ends nothing that it once allowed: it is asked again. */
  #reviewed(running: RunningAccess, decision: Decision): void {
    if (decision.verdict !== 'allow' && decision.verdict !== 'unavailable') {
      running.accessLost();
      return;
    }
    const soon = this.#now() + REVIEW_INTERVAL_MS;
    running.reviewAtMs = decision.verdict === 'allow' ? Math.max(soon, decision.access.usableUntilMs) : soon;
  }
}
