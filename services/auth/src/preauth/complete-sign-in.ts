import type { z } from 'zod';
import type { AuthReply, completeSignIn, UserSessionState, UserState } from '#libs/contracts';
import { isSallyportError } from '#libs/errors';
import type { SignedIn } from '../identity-provider/identity-provider.ts';
import type { ConfiguredProvider } from '../identity-provider/providers.ts';
import { toCorrelationId } from '../recording.ts';
import { beginningOfSession } from '../user-session/is-signed-out.ts';
import { sessionIdOfState } from '../user-session/session-id.ts';
import type { UserSessionCommand } from '../user-session/user-session.decide.ts';
import { endOldestSessions } from './bound-sessions.ts';
import { type Challenge, describeShortfall, isMetBySession, newSessionOf, shortfallOf } from './challenge.decide.ts';
import { keptSecondsOf } from './cookie-lifetime.ts';
import { clear, deviceOf, sessionCookie, transactionCookieName } from './cookies.ts';
import { deny } from './denials.ts';
import { endOfSession, factsOfProvider } from './facts-of-provider.ts';
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
  const provider = answeringProvider(context, transaction.issuer, request.providerId);
  if (provider === null) return deny('provider-mismatch', cleared);
  const signedIn = await provider.port.complete(query, transaction);
  const { state: user } = await context.live.user(signedIn.principal);
  if (user.status === 'disabled') return deny('user-disabled', cleared);
  if (context.signOuts.isSignedOut(provider.issuer, signedIn, transaction.startedAtMs))
    return deny('session-ended', cleared);
  const live = await findLiveSession(context, provider, request.cookies);
  const { isFresh, begin } = transaction;
  const arrival = { appId: begin.appId, provider, signedIn, user, live, own: ownSession(live, signedIn), isFresh };
  const challenge = transaction.begin.challenge ?? null;
  const { own: session } = arrival;
  const { startedAtMs } = transaction;
  const { trustsIssuedAt } = context;
  const nowMs = context.nowMs();
  const shortfall =
    challenge && shortfallOf({ challenge, signedIn, session, isFresh, startedAtMs, nowMs, trustsIssuedAt });
  if (shortfall !== null) return deny('step-up-not-met', cleared, describeShortfall(shortfall));
  const started = await startSession(context, request, sessionId, challenge, arrival);
  if (started === null) return deny('state-replayed', cleared);
  // Whoever signed out at the provider meanwhile was looked for before this session could be found.
  if (context.signOuts.isSignedOut(provider.issuer, signedIn, transaction.startedAtMs)) {
    const actor = { kind: 'system', id: 'identity-provider', name: provider.issuer.slice(0, 320) } as const;
    const correlationId = toCorrelationId(request.requestId);
    const end = { type: 'EndSession', reason: 'provider-signed-out' } as const;
    await context.userSessions(started.sessionId, end, { actor, correlationId });
    return deny('session-ended', cleared);
  }
  return issueTicket(context, transaction.begin, started.sessionId, [...cleared, ...started.setCookies]);
}

/**
 * Whom the browser was sent to, null when the answer came to the address of another one: whoever mixes up two providers must not
 * have a code of one redeemed at the other (RFC 9700, 4.4).
 */
function answeringProvider(
  { providers }: SignInContext,
  issuer: string | undefined,
  providerId: string | null,
): ConfiguredProvider | null {
  const asked = issuer === undefined ? providers.first : providers.ofSession({ identityProvider: issuer });
  if (asked === undefined) return null;
  return (asked === providers.first ? null : asked.id) === providerId ? asked : null;
}

type Arrival = {
  readonly appId: string;
  readonly provider: ConfiguredProvider;
  readonly signedIn: SignedIn;
  readonly user: UserState;
  readonly live: LiveSession | null;
  /** The live session, when it is of the person who came back. */
  readonly own: LiveSession['session'] | null;
  readonly isFresh: boolean;
};

/**
 * A live session of the same person that has all that is asked is kept (another tab was faster): two sessions in one
 * browser would mean that signing out ends only one. Any other is replaced, and its access cookies stop counting. A second factor
 * leaves the session where it began, as it leaves its end and its risk: only a fresh sign-in moves one that is bound to its network.
 */
async function startSession(
  context: SignInContext,
  request: Request,
  sessionId: string,
  challenge: Challenge | null,
  { appId, provider, signedIn, user, live, own, isFresh }: Arrival,
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
  const device = deviceOf(request.cookies);
  const kept = await factsOfProvider(context, signedIn);
  const start: UserSessionCommand = {
    type: 'StartSession',
    principal,
    identityProvider: provider.issuer,
    providerId: provider.id,
    ...kept,
    authenticationContexts: [...fresh.authenticationContexts],
    authenticatedAt: new Date(fresh.authenticatedAtMs ?? nowMs).toISOString(),
    ...(fresh.authenticatedAtMs === null && { authenticatedAtUnknown: true }),
    startedAt: beginningOfSession(nowMs, user),
    expiresAt: endOfSession(context, provider, kept, fresh.expiresAt),
    address: own === null || isFresh ? request.client.address : own.address,
    ...(own?.otherAddress !== undefined && !isFresh && { otherAddress: own.otherAddress }),
    ...(own?.signInRisk !== undefined && !isFresh && { signInRisk: own.signInRisk }),
    userAgent: request.client.userAgent,
    deviceId: device.deviceId,
  };
  let session: UserSessionState;
  try {
    session = (await userSessions(sessionId, start, command)).state;
  } catch (error) {
    if (isSallyportError(error, 'ERR_SESSION_EXISTS')) return null;
    throw error;
  }
  await endOldestSessions(context, principal, command);
  const sealed = await sealer.seal('session', { sessionId }, sessionSeconds);
  const keptSeconds = await keptSecondsOf(context, { appId, sessionId, session, client: request.client });
  return { sessionId, setCookies: [sessionCookie(sealed, provider.sessionCookie, keptSeconds), ...device.setCookies] };
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
