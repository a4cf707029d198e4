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
 * Addresses and user agents at which one cookie's decision about one app is kept; at the bound the oldest goes, and is asked
 * about again. They share one place among all decisions: a cookie that roams pushes out nobody else's.
 */
export const MAX_CLIENTS_PER_COOKIE = 4;

/**
 * Access decisions by `decisionKey`, address and user agent. Only `allow` is cached, for as long as auth said; requests with
 * the same key from the same place share one question; a revocation drops what it names, at once.
 */
export class Decisions {
  readonly #options: DecisionsOptions;
  readonly #granted: LRUCache<string, readonly GrantedAccess[]>;
  readonly #pending = new Map<string, Promise<Decision>>();
  readonly #running = new Roster<RunningAccess>();
  /** Each running request at most once; they take their turn, however many a revocation names. */
  readonly #awaitingReview = new Set<RunningAccess>();
  #reviewing = 0;
  #revocationEpoch = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: DecisionsOptions) {
    this.#options = options;
    this.#granted = new LRUCache({ max: options.maxDecisions });
  }

  /** Cookies with a decision, each per app. */
  get size(): number {
    return this.#granted.size;
  }

  /** What is cached under a `decisionKey` for this client and still counts. */
  granted(key: string, client: ClientInfo): GrantedAccess | undefined {
    const known = this.#granted.get(key);
    if (known === undefined) return undefined;
    for (const granted of known) {
      if (!isSameClient(granted.client, client)) continue;
      if (granted.usableUntilMs > this.#options.now()) return granted;
      this.#keep(
        key,
        known.filter((access) => access !== granted),
      );
      return undefined;
    }
    return undefined;
  }

  /** A promise only when auth must be asked. */
  decide(question: DecisionQuestion): Decision | Promise<Decision> {
    const key = decisionKey(question.appId, question.accessCookie);
    const { client } = question;
    const granted = this.granted(key, client);
    if (granted !== undefined) return { verdict: 'allow', access: granted };
    const place = `${key} ${client.address} ${client.userAgent}`;
    const pending = this.#pending.get(place);
    if (pending) return pending;
    if (this.#pending.size >= this.#options.maxPending) return { verdict: 'unavailable' };
    const asked = this.#ask(key, question).finally(() => this.#pending.delete(place));
    this.#pending.set(place, asked);
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
    this.#awaitingReview.delete(running);
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
    this.#awaitingReview.clear();
  }

  drop(sessionIds: readonly string[], appIds: readonly string[]): void {
    const isNamed = (access: GrantedAccess) => sessionIds.includes(access.sessionId) || appIds.includes(access.appId);
    this.#revocationEpoch += 1;
    for (const [key, known] of this.#granted) if (known.some(isNamed)) this.#granted.delete(key);
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
    this.#awaitingReview.add(running);
    this.#startReviews();
  }

  /** At most half of the questions at auth are about running requests: new ones are decided meanwhile. */
  #startReviews(): void {
    const maxReviewing = Math.max(1, Math.floor(this.#options.maxPending / 2));
    for (const running of this.#awaitingReview) {
      if (this.#reviewing >= maxReviewing) return;
      this.#awaitingReview.delete(running);
      this.#reviewing += 1;
      void Promise.resolve(this.decide(running.question)).then((decision) => {
        this.#reviewing -= 1;
        if (this.#running.has(running)) this.#reviewed(running, decision);
        this.#startReviews();
      });
    }
  }

  #reviewed(running: RunningAccess, decision: Decision): void {
    if (decision.verdict !== 'allow' && decision.verdict !== 'unavailable') {
      running.accessLost();
      return;
    }
    const soon = this.#options.now() + REVIEW_INTERVAL_MS;
    running.reviewAtMs = decision.verdict === 'allow' ? Math.max(soon, decision.access.usableUntilMs) : soon;
  }

  async #ask(key: string, question: DecisionQuestion): Promise<Decision> {
    for (let repeats = 0; ; repeats += 1) {
      const epoch = this.#revocationEpoch;
      const reply = await this.#authorize(question);
      if (reply?.verdict !== 'allow') return reply ?? { verdict: 'unavailable' };
      const access = grantedAccessOf(question, reply, this.#options.now());
      if (epoch === this.#revocationEpoch) {
        if (access.usableUntilMs > this.#options.now()) this.#add(key, access);
        return { verdict: 'allow', access };
      }
      if (repeats === MAX_REPEATS) return { verdict: 'allow', access };
    }
  }

  #add(key: string, access: GrantedAccess): void {
    const others = (this.#granted.get(key) ?? []).filter(({ client }) => !isSameClient(client, access.client));
    this.#keep(key, [access, ...others.slice(0, MAX_CLIENTS_PER_COOKIE - 1)]);
  }

  #keep(key: string, granted: readonly GrantedAccess[]): void {
    if (granted.length === 0) this.#granted.delete(key);
    else this.#granted.set(key, granted);
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

function isSameClient(one: ClientInfo, other: ClientInfo): boolean {
  return one.address === other.address && one.userAgent === other.userAgent;
}
