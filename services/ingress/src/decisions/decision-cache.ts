import { LRUCache } from 'lru-cache';
import type { AuthorizeReply, ClientInfo } from '#libs/contracts';
import { Roster } from '#libs/roster';
import type { Logger } from '#libs/telemetry';
import { decisionKey } from './decision-key.ts';
import { type GrantedAccess, grantedAccessOf } from './granted-access.ts';

export type Decision =
  | { readonly verdict: 'allow'; readonly access: GrantedAccess }
  | Exclude<AuthorizeReply, { verdict: 'allow' }>
  | { readonly verdict: 'unavailable' };

export type DecisionQuestion = {
  readonly appId: string;
  readonly accessCookie: string;
  readonly requestId: string;
  readonly client: ClientInfo;
};

export type DecisionsOptions = {
  readonly authorize: (question: DecisionQuestion) => Promise<AuthorizeReply>;
  readonly maxDecisions: number;
  /** Questions at auth at once; past it the verdict is `unavailable`. */
  readonly maxPending: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly logger: Logger;
};

/** A request under way that a decision let in. */
export type RunningAccess = {
  readonly question: DecisionQuestion;
  readonly access: GrantedAccess;
  /** Milliseconds since the epoch at which auth is asked about it again. Set by Decisions. */
  reviewAtMs: number;
  /** Auth says no now. */
  accessLost(): void;
};

/** How often a decision is asked again because a revocation came while it was made. */
const MAX_REPEATS = 2;
/** How often running requests are looked at, and how soon auth is asked again when it did not answer. */
const REVIEW_INTERVAL_MS = 1_000;

/**
 * Access decisions by `decisionKey`. Only `allow` is cached, for as long
 * as auth said; requests with the same key share one question; a revocation drops what it names, at once.
 */
export class Decisions {
  readonly #options: DecisionsOptions;
  readonly #granted: LRUCache<string, GrantedAccess>;
  readonly #pending = new Map<string, Promise<Decision>>();
  readonly #running = new Roster<RunningAccess>();
  #revocationEpoch = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: DecisionsOptions) {
    this.#options = options;
    this.#granted = new LRUCache({ max: options.maxDecisions });
  }

  get size(): number {
    return this.#granted.size;
  }

  /** What is cached under a `decisionKey` and still counts. */
  granted(key: string): GrantedAccess | undefined {
    const granted = this.#granted.get(key);
    if (granted === undefined || granted.usableUntilMs > this.#options.now()) return granted;
    this.#granted.delete(key);
    return undefined;
  }

  /** A promise only when auth must be asked. */
  decide(question: DecisionQuestion): Decision | Promise<Decision> {
    const key = decisionKey(question.appId, question.accessCookie);
    const granted = this.granted(key);
    if (granted !== undefined) return { verdict: 'allow', access: granted };
    const pending = this.#pending.get(key);
    if (pending) return pending;
    if (this.#pending.size >= this.#options.maxPending) return { verdict: 'unavailable' };
    const asked = this.#ask(key, question).finally(() => this.#pending.delete(key));
    this.#pending.set(key, asked);
    return asked;
  }

  /**
   * Until `unwatch`, auth decides about a running request again when a revocation names its session or app, and whenever the
   * decision it runs on is used up: an ended session needs no revocation to end its streams.
   */
  watch(running: RunningAccess): void {
    running.reviewAtMs = running.access.usableUntilMs;
    this.#running.add(running);
    if (this.#timer !== undefined) return;
    this.#timer = setInterval(() => this.#reviewOverdue(), REVIEW_INTERVAL_MS);
    this.#timer.unref();
  }

  unwatch(running: RunningAccess): void {
    this.#running.delete(running);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  drop(sessionIds: readonly string[], appIds: readonly string[]): void {
    const isNamed = (access: GrantedAccess) => sessionIds.includes(access.sessionId) || appIds.includes(access.appId);
    this.#revocationEpoch += 1;
    for (const [key, access] of this.#granted) if (isNamed(access)) this.#granted.delete(key);
    this.#askAboutRunning(isNamed);
  }

  dropAll(): void {
    this.#revocationEpoch += 1;
    this.#granted.clear();
    this.#askAboutRunning(() => true);
  }

  #askAboutRunning(isNamed: (access: GrantedAccess) => boolean): void {
    for (const running of this.#running) if (isNamed(running.access)) this.#review(running);
  }

  #reviewOverdue(): void {
    if (this.#running.size === 0) {
      this.stop();
      return;
    }
    const now = this.#options.now();
    for (const running of this.#running) if (running.reviewAtMs <= now) this.#review(running);
  }

  /** A clear no ends it. Auth that does not answer, or is asked too much, ends nothing that it once allowed: it is asked again. */
  #review(running: RunningAccess): void {
    running.reviewAtMs = Number.POSITIVE_INFINITY;
    void Promise.resolve(this.decide(running.question)).then((decision) => {
      if (!this.#running.has(running)) return;
      if (decision.verdict === 'deny' || decision.verdict === 'sign-in') running.accessLost();
      else {
        const soon = this.#options.now() + REVIEW_INTERVAL_MS;
        running.reviewAtMs = decision.verdict === 'allow' ? Math.max(soon, decision.access.usableUntilMs) : soon;
      }
    });
  }

  async #ask(key: string, question: DecisionQuestion): Promise<Decision> {
    for (let repeats = 0; ; repeats += 1) {
      const epoch = this.#revocationEpoch;
      const reply = await this.#authorize(question);
      if (reply?.verdict !== 'allow') return reply ?? { verdict: 'unavailable' };
      const access = grantedAccessOf(question.appId, reply, this.#options.now());
      if (epoch === this.#revocationEpoch) {
        if (access.usableUntilMs > this.#options.now()) this.#granted.set(key, access);
        return { verdict: 'allow', access };
      }
      if (repeats === MAX_REPEATS) return { verdict: 'allow', access };
    }
  }

  async #authorize(question: DecisionQuestion): Promise<AuthorizeReply | undefined> {
    try {
      return await this.#options.authorize(question);
    } catch (error) {
      this.#options.logger.error('access decision not made', { requestId: question.requestId, error });
      return undefined;
    }
  }
}
