import { setTimeout as delay } from 'node:timers/promises';
import { newId } from '#libs/contracts';
import { isSallyportError } from '#libs/errors';
import { IdentityProviderError } from '../errors.ts';
import type { Refreshed } from '../identity-provider/identity-provider.ts';
import { UnconfirmedRefreshError } from '../identity-provider/unconfirmed-refresh.ts';
import { serviceActor } from '../recording.ts';
import type { UserSessionCommand } from '../user-session/user-session.decide.ts';
import { type ConfirmedSession, dueOf } from './due.ts';
import type { SessionRefresherOptions } from './session-refresher.ts';

/** Milliseconds one attempt may hold the right to use the refresh token: the exchanges with the provider and the record of it. */
export const LEASE_MS = 15_000;
/** What must be left of it when the provider is asked, or it is not: a lease that ran out would let another instance use the same token. */
const MIN_LEASE_LEFT_MS = 9_000;
/** What is left of it at least when the provider's answer is given up: the outcome is to be recorded while nobody else may try. */
const RECORD_MS = 3_000;
/** How often the outcome is given to an event store that fails; each time the store itself tries for about 15 s. */
const MAX_RECORD_ATTEMPTS = 3;
const RECORD_AGAIN_MS = 500;

/** Says nothing of the provider, which was not asked: our own event store is slow. */
const TOO_SHORT = 'lease-too-short';

export type RefreshAttempt =
  | { readonly kind: 'refreshed' }
  /** Another attempt holds the lease, or was faster. */
  | { readonly kind: 'taken' }
  /** The session is over. */
  | { readonly kind: 'refused'; readonly reason: string }
  | { readonly kind: 'failed'; readonly reason: string };

/**
 * Lease, exchange, outcome. The lease is written on the revision it was decided on, so one attempt alone has it. Whoever dies between the
 * exchange and the outcome takes a token that rotated along: the next attempt uses the one before, the provider refuses it and the
 * session ends with `refresh-refused`, which is what a stolen token looks like too. Errors: those of the event store.
 */
export async function attemptRefresh(
  options: SessionRefresherOptions,
  id: string,
  session: ConfirmedSession,
): Promise<RefreshAttempt> {
  const { userSessions, nowMs } = options;
  const attemptId = newId('cmd');
  const beginsAtMs = nowMs();
  const begun = await userSessions(
    id,
    {
      type: 'BeginRefresh',
      attemptId,
      at: new Date(beginsAtMs).toISOString(),
      until: new Date(beginsAtMs + LEASE_MS).toISOString(),
      knownRefreshedAt: session.refreshedAt ?? null,
    },
    { actor: serviceActor, correlationId: attemptId },
  );
  if (begun.facts.length === 0 || begun.state.status !== 'active') return { kind: 'taken' };
  const leased = begun.state;
  const exchanged = await exchange(options, leased, beginsAtMs);
  if ('reason' in exchanged) return conclude(options, id, attemptId, exchanged, leased);
  const { principal, refreshToken, deviceStates = null } = exchanged.refreshed;
  const sealed = await sealNext(options, refreshToken, leased);
  const at = new Date(nowMs()).toISOString();
  const outcome = { attemptId, principal, deviceStates, refreshToken: sealed, at };
  await record(options, id, { type: 'CompleteRefresh', ...outcome });
  return { kind: 'refreshed' };
}

/** `nextToken`: what the provider gives in place of the one that was used; null: it stays good, as far as we know. */
type Failure = { readonly reason: string; readonly nextToken: string | null };
type Exchanged = { readonly refreshed: Refreshed } | Failure;

/** Never throws: whatever goes wrong is a reason. */
async function exchange(
  { providers, sealer, nowMs, logger }: SessionRefresherOptions,
  session: ConfirmedSession,
  beganAtMs: number,
): Promise<Exchanged> {
  const provider = providers.ofSession(session);
  if (provider === undefined) return failed('identity-provider-unknown');
  const opened = await sealer.open('refresh-token', session.refreshToken);
  if (opened === null) return failed('refresh-token-unreadable');
  const leftMs = beganAtMs + LEASE_MS - nowMs();
  if (leftMs < MIN_LEASE_LEFT_MS) return failed(TOO_SHORT);
  const { principal: known, providerSubject = null } = session;
  const { directoryTenant, subject } = known;
  const person = { directoryTenant, subject, providerSubject, known };
  try {
    return { refreshed: await provider.port.refresh(opened.token, person, AbortSignal.timeout(leftMs - RECORD_MS)) };
  } catch (error) {
    if (error instanceof IdentityProviderError) {
      logger.debug('refresh failed', { reason: error.reason, detail: error.message });
      return failed(error.reason, error instanceof UnconfirmedRefreshError ? error.nextToken : null);
    }
    logger.error('identity provider adapter failed', { error });
    return failed('internal');
  }
}

function failed(reason: string, nextToken: string | null = null): Failure {
  return { reason, nextToken };
}

async function conclude(
  options: SessionRefresherOptions,
  id: string,
  attemptId: string,
  { reason, nextToken }: Failure,
  session: ConfirmedSession,
): Promise<RefreshAttempt> {
  if (reason === 'refresh-refused') {
    await record(options, id, { type: 'RefuseRefresh', attemptId });
    return { kind: 'refused', reason };
  }
  const nowMs = options.nowMs();
  const wasAsked = reason !== TOO_SHORT;
  const isOverdue = wasAsked && dueOf(session, options, nowMs).isOverdue;
  const sealed = await sealNext(options, nextToken, session);
  const known = {
    ...(sealed === null ? {} : { refreshToken: sealed }),
    ...(wasAsked ? { at: new Date(nowMs).toISOString() } : {}),
  };
  await record(options, id, { type: 'FailRefresh', attemptId, reason, isOverdue, ...known });
  return { kind: isOverdue ? 'refused' : 'failed', reason };
}

/** As long as the session lasts; null: the token that was used stays good. */
function sealNext(
  { sealer, nowMs }: SessionRefresherOptions,
  token: string | null,
  { expiresAt }: ConfirmedSession,
): Promise<string> | null {
  if (token === null) return null;
  const ttlSeconds = Math.max(1, Math.ceil((Date.parse(expiresAt) - nowMs()) / 1000));
  return sealer.seal('refresh-token', { token }, ttlSeconds);
}

type Outcome = Extract<UserSessionCommand, { readonly attemptId: string }>;

/** Under one command id, so that an outcome whose acknowledgment got lost is not written twice. */
async function record({ userSessions }: SessionRefresherOptions, id: string, outcome: Outcome): Promise<void> {
  const context = { actor: serviceActor, correlationId: outcome.attemptId, commandId: newId('cmd') };
  for (let attempts = 1; ; attempts += 1) {
    try {
      await userSessions(id, outcome, context);
      return;
    } catch (error) {
      if (attempts >= MAX_RECORD_ATTEMPTS || isSallyportError(error, 'ERR_SESSION_ABSENT')) throw error;
      await delay(RECORD_AGAIN_MS);
    }
  }
}
