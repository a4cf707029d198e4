import { setTimeout as delay } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import type { AuthorizeReply, ClientInfo } from '#libs/contracts';
import { isSallyportError } from '#libs/errors';
import type { Logger } from '#libs/telemetry';
import { askWithPatience } from './ask-with-patience.ts';
import { decisionKey, tokenDecisionKey } from './decision-key.ts';
import { ageBeside, type GrantedAccess, grantedAccessOf, type KnownApp } from './granted-access.ts';
import { QuestionQueue } from './question-queue.ts';
import { type RunningAccess, RunningReviews } from './running-reviews.ts';

export type Decision =
  | { readonly verdict: 'allow'; readonly access: GrantedAccess }
  | Exclude<AuthorizeReply, { verdict: 'allow' }>
  /** `isProvider`: auth answers, but not who could tell it whose token this is. */
  | { readonly verdict: 'unavailable'; readonly isProvider?: true };

type Unavailable = Extract<Decision, { verdict: 'unavailable' }>;

/** By one of the two, which is never kept. */
type Proof =
  | { readonly accessCookie: string; readonly bearerToken?: undefined }
  | { readonly bearerToken: string; readonly accessCookie?: undefined };

export type DecisionQuestion = Proof & {
  readonly appId: string;
  readonly requestId: string;
  readonly client: ClientInfo;
  /** As the directory knows it; a decision that single sign-on makes older than that lets nobody in. Undefined: the portal. */
  readonly app?: KnownApp | undefined;
  /** About a request under way: see `authorize`. */
  readonly isReview?: true;
};

/** Whether it names a decision. */
type Revocation = (access: GrantedAccess) => boolean;

export type DecisionsOptions = {
  readonly authorize: (question: Omit<DecisionQuestion, 'app'>) => Promise<AuthorizeReply>;
  readonly maxDecisions: number;
  /**
   * Questions at auth at once; more wait for their turn (QuestionQueue), and past its bounds the verdict is `unavailable`. Beside
   * them, reviews of running requests: half as many.
   */
  readonly maxPending: number;
  /** Default MAX_WAITING_QUESTIONS. */
  readonly maxWaiting?: number;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly logger: Logger;
};

/** How often a decision is asked again because a revocation named it while it was made; then the verdict is `unavailable`. */
const MAX_REPEATS = 2;
/** The same for one made of the app as it was before (`ageBeside`): auth hears of the change any moment. */
const MAX_BEHIND = 20;
const BEHIND_EVERY_MS = 50;
/** Revocations remembered for the decisions under way; one that began before the oldest of them counts as named. */
const MAX_RECENT_REVOCATIONS = 1_000;
/**
 * Addresses and user agents at which the decision of one cookie or token about one app is kept; at the bound the oldest goes, and is asked
 * about again. They share one place among all decisions: a cookie that roams pushes out nobody else's.
 */
export const MAX_CLIENTS_PER_COOKIE = 4;
/**
 * Questions under way about one cookie and app, each for another address or user agent; past it the verdict is
 * `unavailable`: one cookie does not use up what all may ask. Reviews of running requests have a bound of their own.
 */
export const MAX_PENDING_PER_COOKIE = 8;

/**
 * Access decisions by `decisionKey`, address and user agent. Only `allow` is cached, for as long as auth said; requests with
 * the same key from the same place share one question; a revocation drops what it names, at once.
 */
export class Decisions {
  readonly #options: DecisionsOptions;
  readonly #granted: LRUCache<string, readonly GrantedAccess[]>;
  readonly #pending = new Map<string, Promise<Decision>>();
  /** How many are pending, by `decisionKey`. */
  readonly #pendingOf = new Map<string, number>();
  readonly #queue: QuestionQueue;
  readonly #running: RunningReviews;
  /** The newest last. */
  readonly #recentRevocations: Revocation[] = [];
  #revocationEpoch = 0;

  constructor(options: DecisionsOptions) {
    this.#options = options;
    this.#granted = new LRUCache({ max: options.maxDecisions });
    this.#queue = new QuestionQueue({ maxAsking: options.maxPending, maxWaiting: options.maxWaiting });
    this.#running = new RunningReviews({
      // A cookie that runs much at many clients loses all of it as soon as others do.
      decide: (question) => this.#decide({ ...question, app: undefined, isReview: true }, options.maxPending),
      maxReviewing: Math.max(1, Math.floor(options.maxPending / 2)),
      now: options.now,
    });
  }

  /** Cookies with a decision, each per app. */
  get size(): number {
    return this.#granted.size;
  }

  /** What is cached under a `decisionKey` for this client and still counts, for the app as it is. */
  granted(key: string, client: ClientInfo, app?: KnownApp): GrantedAccess | undefined {
    const known = this.#granted.get(key);
    if (known === undefined) return undefined;
    for (const granted of known) {
      if (!isSameClient(granted.client, client)) continue;
      if (granted.usableUntilMs > this.#options.now() && ageBeside(granted, app) !== 'before') return granted;
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
    return this.#decide(question, MAX_PENDING_PER_COOKIE);
  }

  /** See RunningReviews. */
  watch(running: RunningAccess): void {
    this.#running.watch(running);
  }

  unwatch(running: RunningAccess): void {
    this.#running.unwatch(running);
  }

  stop(): void {
    this.#running.stop();
    this.#queue.stop();
  }

  drop(sessionIds: readonly string[], appIds: readonly string[]): void {
    const isNamed = (access: GrantedAccess) => sessionIds.includes(access.sessionId) || appIds.includes(access.appId);
    this.#revoked(isNamed);
    for (const [key, known] of this.#granted) if (known.some(isNamed)) this.#granted.delete(key);
    this.#running.review(isNamed);
  }

  dropAll(): void {
    const isNamed = () => true;
    this.#revoked(isNamed);
    this.#granted.clear();
    this.#running.review(isNamed);
  }

  #decide(question: DecisionQuestion, maxPendingOfCookie: number): Decision | Promise<Decision> {
    const key = keyOf(question);
    const { client, app, isReview } = question;
    const granted = this.granted(key, client, app);
    if (granted !== undefined) return { verdict: 'allow', access: granted };
    const kind = isReview ? 'review' : (app?.view.revision ?? 0);
    const place = `${key} ${kind} ${client.address} ${client.userAgent}`;
    const pending = this.#pending.get(place);
    if (pending) return pending;
    if ((this.#pendingOf.get(key) ?? 0) >= maxPendingOfCookie) return { verdict: 'unavailable' };
    // What runs on is asked about at once, on places of its own: however many new requests wait, for whatever.
    const asking = isReview ? this.#ask(key, question) : this.#askInTurn(key, question);
    const asked = asking.finally(() => {
      this.#pending.delete(place);
      this.#countPending(key, -1);
    });
    this.#pending.set(place, asked);
    this.#countPending(key, 1);
    return asked;
  }

  #countPending(key: string, change: 1 | -1): void {
    const count = (this.#pendingOf.get(key) ?? 0) + change;
    if (count === 0) this.#pendingOf.delete(key);
    else this.#pendingOf.set(key, count);
  }

  async #askInTurn(key: string, question: DecisionQuestion): Promise<Decision> {
    return (await this.#queue.run(key, () => this.#ask(key, question))) ?? { verdict: 'unavailable' };
  }

  async #ask(key: string, question: DecisionQuestion): Promise<Decision> {
    for (let repeats = 0, behind = 0; ; ) {
      const epoch = this.#revocationEpoch;
      const reply = await this.#authorize(question);
      if (reply.verdict !== 'allow') return reply;
      const access = grantedAccessOf(question, reply, this.#options.now());
      if (ageBeside(access, question.app) === 'before') {
        behind += 1;
        if (behind > MAX_BEHIND) return { verdict: 'unavailable' };
        await delay(BEHIND_EVERY_MS, undefined, { ref: false });
        continue;
      }
      if (!this.#isRevokedSince(epoch, access)) {
        const isWhole = question.isReview !== true || access.appRevision > 0;
        if (isWhole && access.usableUntilMs > this.#options.now()) this.#add(key, access);
        return { verdict: 'allow', access };
      }
      // Perhaps auth said so before the last revocation: old truth lets nobody in.
      if (repeats === MAX_REPEATS) return { verdict: 'unavailable' };
      repeats += 1;
    }
  }

  #revoked(isNamed: Revocation): void {
    this.#revocationEpoch += 1;
    this.#recentRevocations.push(isNamed);
    if (this.#recentRevocations.length > MAX_RECENT_REVOCATIONS) this.#recentRevocations.shift();
  }

  #isRevokedSince(epoch: number, access: GrantedAccess): boolean {
    const first = this.#recentRevocations.length - (this.#revocationEpoch - epoch);
    return first < 0 || this.#recentRevocations.slice(first).some((isNamed) => isNamed(access));
  }

  #add(key: string, access: GrantedAccess): void {
    const others = (this.#granted.get(key) ?? []).filter(({ client }) => !isSameClient(client, access.client));
    this.#keep(key, [access, ...others.slice(0, MAX_CLIENTS_PER_COOKIE - 1)]);
  }

  #keep(key: string, granted: readonly GrantedAccess[]): void {
    if (granted.length === 0) this.#granted.delete(key);
    else this.#granted.set(key, granted);
  }

  async #authorize({ app: _here, ...question }: DecisionQuestion): Promise<AuthorizeReply | Unavailable> {
    try {
      return await askWithPatience(() => this.#options.authorize(question), this.#options.now);
    } catch (error) {
      this.#options.logger.error('access decision not made', { requestId: question.requestId, error });
      const isProvider = isSallyportError(error, 'ERR_AUTH_IDENTITY_PROVIDER');
      return isProvider ? { verdict: 'unavailable', isProvider } : { verdict: 'unavailable' };
    }
  }
}

function keyOf({ appId, accessCookie, bearerToken }: DecisionQuestion): string {
  return bearerToken === undefined ? decisionKey(appId, accessCookie) : tokenDecisionKey(appId, bearerToken);
}

function isSameClient(one: ClientInfo, other: ClientInfo): boolean {
  return one.address === other.address && one.userAgent === other.userAgent;
}
