import type { z } from 'zod';
import { ACCESS_COOKIE, type AuthReply, RESERVED_PATH, type signOut, type UserSessionState } from '#libs/contracts';
import { isSallyportError } from '#libs/errors';
import type { ConfiguredProvider } from '../identity-provider/providers.ts';
import { toCorrelationId } from '../recording.ts';
import { findActiveSessions, type Started } from '../user-session/find-sessions.ts';
import { clearAll } from './cookies.ts';
import type { SignInContext } from './sign-in-context.ts';

/** Where the identity provider sends the browser when it has signed out, on the sign-in host; register it there. */
export const SIGNED_OUT_PATH = `${RESERVED_PATH}signed-out`;

/**
 * Ends the sessions behind the cookies of this host, everywhere, and with them every other session of this browser, also the one that
 * replaced them; then lets one identity provider end its own: that of the cookie's app, or the first of those that had a session.
 */
export async function handleSignOut(
  context: SignOutContext,
  request: z.infer<typeof signOut.request>,
): Promise<AuthReply> {
  const { sealer, providers, signInOrigin } = context;
  const setCookies = clearAll(request.cookies);
  const sessions = await Promise.all(
    providers.all.map(({ sessionCookie }) => sealer.open('session', request.cookies[sessionCookie])),
  );
  const access = await sealer.open('access', request.cookies[ACCESS_COOKIE]);
  const ids = new Set([access, ...sessions].flatMap((opened) => (opened === null ? [] : [opened.sessionId])));
  const known = await sessionsNamed(context, ids);
  const ended: Ended[] = [];
  for (const [id, state] of await activeInBrowser(context, known)) {
    const actor = { kind: 'user', id: state.principal.subject, name: state.principal.username } as const;
    const correlationId = toCorrelationId(request.requestId);
    const isEnded = await endSession(context, id, { actor, correlationId });
    const provider = providers.ofSession(state);
    if (isEnded && provider !== undefined) ended.push({ provider, session: state });
  }
  const [named] = known.values();
  const first = ended.find(({ provider }) => provider.issuer === named?.identityProvider) ?? ended[0];
  const location = first === undefined ? null : await endSessionUrl(first, `${signInOrigin}${SIGNED_OUT_PATH}`);
  return location === null ? { kind: 'signed-out', setCookies } : { kind: 'redirect', location, setCookies };
}

/** A hint spares people the question which account; null: they are not sent there, or there is no such place. */
async function endSessionUrl({ provider, session }: Ended, returnTo: string): Promise<string | null> {
  const { port, signOut } = provider;
  if (signOut === 'none') return null;
  const hints = { username: session.principal.username, session: session.providerSessionId, plain: undefined };
  const logoutHint = hints[signOut];
  return port.endSessionUrl(returnTo, logoutHint === undefined ? undefined : { logoutHint });
}

type SignOutContext = Pick<SignInContext, 'sealer' | 'live' | 'userSessions' | 'providers' | 'signInOrigin'>;
type PresentSession = Exclude<UserSessionState, { status: 'absent' }>;
type ActiveSession = Extract<UserSessionState, { status: 'active' }>;
type Ended = { readonly provider: ConfiguredProvider; readonly session: ActiveSession };

async function sessionsNamed(
  { live }: SignOutContext,
  ids: Iterable<string>,
): Promise<ReadonlyMap<string, PresentSession>> {
  const known = new Map<string, PresentSession>();
  for (const id of ids) {
    const { state } = await live.session(id);
    if (state.status !== 'absent') known.set(id, state);
  }
  return known;
}

/**
 * The active ones among these, and those of the same devices: an app's host knows nothing of the session of another provider, nor of
 * the one that replaced its own after a second factor at another app. Where not all sessions are in memory the history is read, once for
 * a session: cookies of one that is over find what is in memory.
 */
async function activeInBrowser(
  { live }: SignOutContext,
  known: ReadonlyMap<string, PresentSession>,
): Promise<ReadonlyMap<string, ActiveSession>> {
  const devices = new Set([...known.values()].flatMap(({ deviceId }) => deviceId ?? []));
  const found = new Map<string, UserSessionState>(known);
  for (const device of devices) for (const [id, state] of live.sessionsOfDevice(device)) found.set(id, state);
  const isAnyActive = [...known.values()].some(({ status }) => status === 'active');
  if (live.isPartial && isAnyActive && devices.size > 0) {
    const isMeant = ({ deviceId }: Started) => deviceId !== undefined && devices.has(deviceId);
    for (const id of await findActiveSessions(live.source, { isMeant }))
      if (!found.has(id)) found.set(id, (await live.session(id)).state);
  }
  return new Map([...found].flatMap(([id, state]) => (state.status === 'active' ? [[id, state] as const] : [])));
}

async function endSession(
  { userSessions }: SignOutContext,
  id: string,
  command: Parameters<SignInContext['userSessions']>[2],
): Promise<boolean> {
  try {
    await userSessions(id, { type: 'EndSession', reason: 'signed-out' }, command);
    return true;
  } catch (error) {
    if (isSallyportError(error, 'ERR_SESSION_ABSENT')) return false;
    throw error;
  }
}
