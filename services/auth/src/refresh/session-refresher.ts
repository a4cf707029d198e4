import { setTimeout as delay } from 'node:timers/promises';
import { LRUCache } from 'lru-cache';
import type { UserSessionState } from '#libs/contracts';
import type { Logger } from '#libs/telemetry';
import type { AuthConfig } from '../config.ts';
import { unconfirmedError } from '../errors.ts';
import type { IdentityProviders } from '../identity-provider/providers.ts';
import type { TypedSealer } from '../preauth/sealed-values.ts';
import type { LiveState } from '../user-session/live-state.ts';
import type { UserSessions } from '../user-session/user-sessions.ts';
import { attemptRefresh, type RefreshAttempt } from './attempt-refresh.ts';
import { type ConfirmedSession, dueOf, type RefreshPace } from './due.ts';
import { PROVIDER_PAUSE_MS, ProviderPauses, type ProviderSign } from './provider-pauses.ts';

/** Sessions refreshed at once in this process; at the bound further ones go on as they are and are refreshed by a later request. */
export const MAX_REFRESHES_AT_ONCE = 256;
/** Milliseconds a request waits for the outcome, below the 5 s the ingress waits; then it is judged by what is known. */
export const MAX_WAIT_MS = 2_500;
/** Milliseconds a session is not refreshed that it failed with; PROVIDER_PAUSE_MS when provider or event store could not be reached. */
export const SESSION_PAUSE_MS = 60_000;
/** Sessions whose pause is remembered; at the bound the one paused longest ago may try again early. */
export const MAX_PAUSED_SESSIONS = 10_000;
/** Milliseconds of it for a session that another instance refreshes. */
const MAX_WAIT_FOR_OTHER_MS = 2_000;
/** Milliseconds a stop waits for what is under way; then a token that was used and not recorded is lost. */
export const MAX_STOP_MS = 15_000;
/** What failures say of the provider; others say nothing. */
const SIGNS: ReadonlyMap<string, ProviderSign> = new Map([
  ['refresh-refused', 'answers'],
  ['identity-provider-unreachable', 'unreachable'],
  ['identity-provider-refused', 'session'],
  ['identity-provider-answer-invalid', 'session'],
]);
/** Milliseconds between looks at a session that another instance refreshes. */
const LOOK_AGAIN_MS = 25;

type Pause = {
  /** Milliseconds since the epoch. */
  readonly untilMs: number;
  /** The last attempt that ended could not be recorded. */
  readonly isUnrecorded: boolean;
};

export type SessionRefresherOptions = RefreshPace & {
  readonly live: Pick<LiveState, 'peekSession'>;
  readonly userSessions: UserSessions;
  readonly providers: Pick<IdentityProviders, 'ofSession'>;
  readonly sealer: Pick<TypedSealer, 'seal' | 'open'>;
  readonly logger: Logger;
  readonly nowMs: () => number;
};

/**
 * Confirms sessions at their identity provider when they are used and it is time (RFC 6749, 6; ADR-0012). Requests of one session that
 * come together wait for one attempt; of several instances the one whose lease is in the event store uses the token, the others wait for
 * its outcome. Nobody waits for longer than MAX_WAIT_MS: who is told nothing by then is judged by what is known, and a change that comes
 * later is a revocation.
 */
export class SessionRefresher {
  readonly #options: SessionRefresherOptions;
  readonly #flights = new Map<string, Promise<void>>();
  readonly #pausedSessions = new LRUCache<string, Pause>({ max: MAX_PAUSED_SESSIONS });
  readonly #providerPauses = new ProviderPauses();
  #isStopped = false;

  constructor(options: SessionRefresherOptions) {
    this.#options = options;
  }

  /**
   * Error ERR_SESSION_UNCONFIRMED, retryable: the session has gone unconfirmed for too long, and what the last attempt came to, or that
   * there is one, cannot be recorded. It could not even be ended.
   */
  readonly refreshSession = async (id: string, session: ConfirmedSession): Promise<void> => {
    const { isDue, isPressing } = dueOf(session, this.#options, this.#options.nowMs());
    if (!isDue) return;
    const flight = this.#flights.get(id) ?? this.#start(id, session, isPressing);
    if (flight !== undefined) await settledWithin(flight, MAX_WAIT_MS);
    if (isPressing && this.#pausedSessions.get(id)?.isUnrecorded === true) throw unconfirmedError(id);
  };

  /** Waits for what is under way, MAX_STOP_MS at most. Nothing new is begun. Safe to call twice. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await settledWithin(Promise.all(this.#flights.values()), MAX_STOP_MS);
  }

  #start(id: string, session: ConfirmedSession, isPressing: boolean): Promise<void> | undefined {
    if (this.#isStopped || this.#isPaused(id, session, isPressing)) return undefined;
    if (this.#flights.size >= MAX_REFRESHES_AT_ONCE) {
      this.#options.logger.warn('too many sessions to refresh at once', { limit: MAX_REFRESHES_AT_ONCE });
      return undefined;
    }
    const flight = this.#run(id, session)
      .catch((error: unknown) => {
        this.#options.logger.error('session could not be refreshed', { sessionId: id, error });
        this.#pause(id, PROVIDER_PAUSE_MS, true);
      })
      .finally(() => this.#flights.delete(id));
    this.#flights.set(id, flight);
    return flight;
  }

  async #run(id: string, session: ConfirmedSession): Promise<void> {
    const { nowMs } = this.#options;
    const { identityProvider } = session;
    this.#pause(id, SESSION_PAUSE_MS, this.#pausedSessions.get(id)?.isUnrecorded === true);
    this.#providerPauses.begin(identityProvider, id);
    let sign: ProviderSign = 'none';
    try {
      const outcome = await attemptRefresh(this.#options, id, session);
      if (outcome.kind === 'taken') return await this.#awaitOther(id, session);
      sign = outcome.kind === 'refreshed' ? 'answers' : (SIGNS.get(outcome.reason) ?? 'none');
      this.#settle(id, outcome);
    } finally {
      this.#providerPauses.settle(identityProvider, id, sign, nowMs());
    }
  }

  #settle(id: string, outcome: RefreshAttempt): void {
    const { logger } = this.#options;
    if (outcome.kind === 'failed') {
      const { reason } = outcome;
      logger.warn('session not confirmed', { sessionId: id, reason });
      this.#pause(id, reason === 'identity-provider-unreachable' ? PROVIDER_PAUSE_MS : SESSION_PAUSE_MS);
      return;
    }
    if (outcome.kind === 'refused') logger.info('session ended, not confirmed', { sessionId: id });
    this.#pausedSessions.delete(id);
  }

  #pause(id: string, forMs: number, isUnrecorded = false): void {
    this.#pausedSessions.set(id, { untilMs: this.#options.nowMs() + forMs, isUnrecorded });
  }

  #isPaused(id: string, { identityProvider }: ConfirmedSession, isPressing: boolean): boolean {
    const nowMs = this.#options.nowMs();
    if ((this.#pausedSessions.get(id)?.untilMs ?? 0) > nowMs) return true;
    return !isPressing && this.#providerPauses.isPaused(identityProvider, nowMs);
  }

  /** Until the lease is gone or over, or the session is. */
  async #awaitOther(id: string, session: ConfirmedSession): Promise<void> {
    const { live, nowMs } = this.#options;
    this.#pausedSessions.delete(id);
    const untilMs = performance.now() + MAX_WAIT_FOR_OTHER_MS;
    while (performance.now() < untilMs) {
      const state = live.peekSession(id);
      if (!isBeingRefreshed(state, session, nowMs())) return;
      await delay(LOOK_AGAIN_MS, undefined, { ref: false });
    }
  }
}

/** `work` never fails. */
async function settledWithin(work: Promise<unknown>, boundMs: number): Promise<void> {
  const timer = new AbortController();
  const bound = delay(boundMs, undefined, { signal: timer.signal, ref: false }).catch(() => undefined);
  await Promise.race([work, bound]);
  timer.abort();
}

function isBeingRefreshed(state: UserSessionState | undefined, before: ConfirmedSession, nowMs: number): boolean {
  if (state?.status !== 'active' || state.refreshLease === undefined) return false;
  return state.refreshedAt === before.refreshedAt && Date.parse(state.refreshLease.until) > nowMs;
}

/** Nothing is refreshed when the configuration has no `refreshMinutes`. */
export function createSessionRefresher(
  { refreshMinutes, refreshGraceMinutes: graceMinutes }: Pick<AuthConfig, 'refreshMinutes' | 'refreshGraceMinutes'>,
  { live, userSessions, providers, sealer, logger, nowMs }: Omit<SessionRefresherOptions, keyof RefreshPace>,
): Pick<SessionRefresher, 'refreshSession' | 'stop'> {
  if (refreshMinutes === null) return { refreshSession: async () => undefined, stop: async () => undefined };
  const pace = { refreshMinutes, graceMinutes };
  return new SessionRefresher({ ...pace, live, userSessions, providers, sealer, logger, nowMs });
}
