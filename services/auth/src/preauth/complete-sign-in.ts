import type { z } from 'zod';
import type { AuthReply, completeSignIn } from '#libs/contracts';
import { isSallyportError } from '#libs/errors';
import type { SignedIn } from '../identity-provider/identity-provider.ts';
import { toCorrelationId } from '../recording.ts';
import { sessionIdOfState } from '../user-session/session-id.ts';
import type { UserSessionCommand } from '../user-session/user-session.decide.ts';
import { type Challenge, describeShortfall, isMetBySession, newSessionOf, shortfallOf } from './challenge.decide.ts';
import { clear, sessionCookie, transactionCookieName } from './cookies.ts';
import { deny } from './denials.ts';
import { issueTicket } from './issue-ticket.ts';
import { findLiveSession, type LiveSession } from './live-session.ts';
import type { SignInContext } from './sign-in-context.ts';

type Request = z.infer<typeof completeSignIn.request>;

const STATE = /^[\w-]{16,128}$/;
/** Parameters of one answer; more are refused. */
const MAX_PARAMETERS = 20;

/** The name of the transaction cookie of this answer, to be cleared whatever happens; null when it names no state. */
export function transactionOf(request: Request): string | null {
  const { state } = request.query;
  return typeof state === 'string' && STATE.test(state) ? transactionCookieName(state) : null;
}

/** ADR-0006, step 3, on the sign-in host: the identity provider's answer becomes a session, once, if it brought what was asked. */
export async function handleCompleteSignIn(context: SignInContext, request: Request): Promise<AuthReply> {
  const query = readQuery(request.query);
  const cookieName = transactionOf(request);
  if (query === null || cookieName === null) return deny('sign-in-response-invalid');
  const { state = '' } = query;
  const cleared = [clear(cookieName)];
  const sessionId = sessionIdOfState(state);
  if (context.live.peekSession(sessionId) !== undefined) return deny('state-replayed', cleared);
  const cookie = request.cookies[cookieName];
  if (cookie === undefined) return deny('transaction-missing');
  const transaction = await context.sealer.open('transaction', cookie);
  if (transaction === null) return deny('transaction-invalid', cleared);
  if (transaction.state !== state) return deny('state-mismatch', cleared);
  const before = await context.live.session(sessionId);
  if (before.state.status !== 'absent') return deny('state-replayed', cleared);
  const signedIn = await context.identityProvider.complete(query, transaction);
  const live = await findLiveSession(context, request.cookies);
  const arrival = { signedIn, live, own: ownSession(live, signedIn), isFresh: transaction.isFresh };
  const challenge = transaction.begin.challenge ?? null;
  const { own: session, isFresh } = arrival;
  const { startedAtMs } = transaction;
  const { trustsIssuedAt } = context;
  const nowMs = context.nowMs();
  const shortfall =
    challenge && shortfallOf({ challenge, signedIn, session, isFresh, startedAtMs, nowMs, trustsIssuedAt });
  if (shortfall !== null) return deny('step-up-not-met', cleared, describeShortfall(shortfall));
  const started = await startSession(context, request, sessionId, challenge, arrival);
  if (started === null) return deny('state-replayed', cleared);
  return issueTicket(context, transaction.begin, started.sessionId, [...cleared, ...started.setCookies]);
}

type Arrival = {
  readonly signedIn: SignedIn;
  readonly live: LiveSession | null;
  /** The live session, when it is of the person who came back. */
  readonly own: LiveSession['session'] | null;
  readonly isFresh: boolean;
};

/**
 * A live session of the same person that has all that is asked is kept (another tab was faster): two sessions in one
 * browser would mean that signing out ends only one. Any other is replaced, and its access cookies stop counting. A second factor
 * leaves the session where it began, as it leaves its end: only a fresh sign-in moves one that is bound to its network.
 */
async function startSession(
  context: SignInContext,
  request: Request,
  sessionId: string,
  challenge: Challenge | null,
  { signedIn, live, own, isFresh }: Arrival,
): Promise<{ readonly sessionId: string; readonly setCookies: readonly string[] } | null> {
  const { userSessions, sealer, sessionSeconds } = context;
  const { principal } = signedIn;
  const actor = { kind: 'user', id: principal.subject, name: principal.username } as const;
  const command = { actor, correlationId: toCorrelationId(request.requestId) };
  const nowMs = context.nowMs();
  if (live !== null && own !== null && isMetBySession(challenge, own, nowMs))
    return { sessionId: live.id, setCookies: [] };
  if (live !== null) await userSessions(live.id, { type: 'EndSession', reason: 'replaced' }, command);
  const fresh = newSessionOf({ signedIn, session: own, isFresh, nowMs, trustsIssuedAt: context.trustsIssuedAt });
  const start: UserSessionCommand = {
    type: 'StartSession',
    principal,
    identityProvider: context.issuer,
    authenticationContexts: [...fresh.authenticationContexts],
    authenticatedAt: new Date(fresh.authenticatedAtMs ?? nowMs).toISOString(),
    ...(fresh.authenticatedAtMs === null && { authenticatedAtUnknown: true }),
    expiresAt: fresh.expiresAt ?? new Date(nowMs + sessionSeconds * 1000).toISOString(),
    address: own === null || isFresh ? request.client.address : own.address,
    userAgent: request.client.userAgent,
  };
  try {
    await userSessions(sessionId, start, command);
  } catch (error) {
    if (isSallyportError(error, 'ERR_SESSION_EXISTS')) return null;
    throw error;
  }
  return { sessionId, setCookies: [sessionCookie(await sealer.seal('session', { sessionId }, sessionSeconds))] };
}

function ownSession(live: LiveSession | null, { principal }: SignedIn): LiveSession['session'] | null {
  if (live === null) return null;
  const { subject, directoryTenant } = live.session.principal;
  return subject === principal.subject && directoryTenant === principal.directoryTenant ? live.session : null;
}

/** Single texts only: a parameter given twice is an attack or a mistake. */
function readQuery(query: Request['query']): Readonly<Record<string, string>> | null {
  const single: Record<string, string> = {};
  const given = Object.entries(query);
  if (given.length > MAX_PARAMETERS) return null;
  for (const [name, value] of given) {
    if (typeof value !== 'string') return null;
    Object.defineProperty(single, name, { value, enumerable: true });
  }
  return single;
}
