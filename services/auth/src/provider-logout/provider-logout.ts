import type { z } from 'zod';
import type { providerLogout } from '#libs/contracts';
import type { Actor } from '#libs/events';
import { IdentityProviderError } from '../errors.ts';
import type { LogoutToken } from '../identity-provider/identity-provider.ts';
import type { ConfiguredProvider, IdentityProviders } from '../identity-provider/providers.ts';
import { toCorrelationId } from '../recording.ts';
import type { RefusalRecorder } from '../refusal-recorder.ts';
import { endActiveSessions } from '../user-session/end-sessions.ts';
import { findActiveSessions, isActiveAt, type SessionsSource, type Started } from '../user-session/find-sessions.ts';
import type { UserSessions } from '../user-session/user-sessions.ts';
import type { RecentSignOuts } from './recent-sign-outs.ts';
import type { SeenTokens } from './seen-tokens.ts';

export type ProviderLogoutContext = SessionsSource & {
  readonly userSessions: UserSessions;
  readonly providers: IdentityProviders;
  readonly refusals: RefusalRecorder;
  readonly seen: SeenTokens;
  readonly signOuts: RecentSignOuts;
};

/** Milliseconds for sessions that another instance began a moment ago to be known here; then the history is read. */
const KNOWN_DEADLINE_MS = 2_000;

type Request = z.infer<typeof providerLogout.request>;
type Reply = z.infer<typeof providerLogout.reply>;
type Told<K> = Extract<Request['message'], { kind: K }>;

/** The identity provider says that somebody signed out there: their sessions of that provider end. Errors: those of the event store. */
export function handleProviderLogout(context: ProviderLogoutContext, request: Request): Promise<Reply> {
  const { message } = request;
  return message.kind === 'back-channel'
    ? endByToken(context, request, message)
    : endBySessionId(context, request, message);
}

/** OpenID Connect Back-Channel Logout 1.0: the token says whom, and proves it. A session is never ended by a token that is not taken. */
async function endByToken(
  context: ProviderLogoutContext,
  request: Request,
  { providerId, logoutToken }: Told<'back-channel'>,
): Promise<Reply> {
  const provider = context.providers.find(providerId);
  if (provider === undefined) return refused('identity-provider-unknown', 'there is no identity provider of this id');
  let token: LogoutToken;
  try {
    token = await provider.port.checkLogoutToken(logoutToken);
  } catch (error) {
    if (!(error instanceof IdentityProviderError)) throw error;
    return record(context, request, refused(error.reason, error.message));
  }
  if (!context.seen.take(token))
    return record(context, request, refused('logout-token-replayed', 'a logout token with this jti was used before'));
  context.signOuts.add({ ...token, issuer: provider.issuer }, true);
  try {
    const ids = await findByToken(context, provider, token);
    return await end(context, request, { provider, ids });
  } catch (error) {
    context.seen.giveBack(token);
    throw error;
  }
}

/**
 * OpenID Connect Front-Channel Logout 1.0: whoever knows the session's id at the provider, which is the browser and the provider.
 * Entra ID leaves `iss` out; then any Entra provider may be meant, whose ids of sessions are GUIDs. Only what is in memory is
 * looked at, for anybody may ask: a session that another instance began a moment ago may be left, a sign-in under way here is refused.
 */
async function endBySessionId(
  context: ProviderLogoutContext,
  request: Request,
  { issuer, providerSessionId }: Told<'front-channel'>,
): Promise<Reply> {
  const { live, nowMs, providers } = context;
  const meant = providers.all.filter((one) => (issuer === null ? one.kind === 'entra' : one.issuer === issuer));
  const [provider] = meant;
  if (provider === undefined)
    return refused('identity-provider-unknown', 'there is no identity provider of this issuer');
  const sessionIds: string[] = [];
  const issuers = new Set<string>();
  const signOut = { sessionId: providerSessionId, subject: null, issuedAtMs: nowMs() };
  for (const one of meant) context.signOuts.add({ ...signOut, issuer: one.issuer }, false);
  for (const one of meant) {
    const found = live.sessionsOfProvider(one.issuer, { sessionId: providerSessionId });
    const ids = found.flatMap(([id, state]) => (isActiveAt(state, nowMs()) ? [id] : []));
    const reply = await end(context, request, { provider: one, ids });
    issuers.add(one.issuer);
    if (reply.status === 'ended') sessionIds.push(...reply.sessionIds);
  }
  return { status: 'ended', sessionIds, issuers: [...issuers] };
}

async function findByToken(
  context: ProviderLogoutContext,
  { issuer }: ConfiguredProvider,
  { sessionId, subject }: LogoutToken,
): Promise<readonly string[]> {
  const { live, nowMs } = context;
  const isMeant = (session: Started) =>
    session.identityProvider === issuer &&
    (sessionId === null || session.providerSessionId === sessionId) &&
    (subject === null || session.providerSubject === subject);
  const isCurrent = await live.catchUp(KNOWN_DEADLINE_MS);
  if (live.isPartial || !isCurrent) return findActiveSessions(context, { isMeant }, isCurrent);
  const by = sessionId !== null ? { sessionId } : { subject: subject ?? '' };
  return live.sessionsOfProvider(issuer, by).flatMap(([id, state]) => {
    return isActiveAt(state, nowMs()) && isMeant(state) ? [id] : [];
  });
}

async function end(
  { userSessions }: ProviderLogoutContext,
  request: Request,
  { provider, ids }: { readonly provider: ConfiguredProvider; readonly ids: readonly string[] },
): Promise<Reply> {
  const actor: Actor = { kind: 'system', id: 'identity-provider', name: provider.issuer.slice(0, 320) };
  const correlationId = toCorrelationId(request.requestId);
  const sessionIds = await endActiveSessions(userSessions, ids, {
    reason: 'provider-signed-out',
    actor,
    correlationId,
  });
  return { status: 'ended', sessionIds, issuers: [provider.issuer] };
}

function refused(reason: string, detail: string): Extract<Reply, { status: 'refused' }> {
  return { status: 'refused', reason, detail };
}

async function record(
  { refusals }: ProviderLogoutContext,
  { requestId }: Request,
  reply: Extract<Reply, { status: 'refused' }>,
): Promise<Reply> {
  const { reason, detail } = reply;
  const data = { reason, detail, audience: 'back-channel-logout' };
  await refusals.record({ type: 'TokenRefused', data }, requestId, 'provider-logout');
  return reply;
}
