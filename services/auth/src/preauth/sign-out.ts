import type { z } from 'zod';
import { ACCESS_COOKIE, type AuthReply, RESERVED_PATH, type signOut, type UserSessionState } from '#libs/contracts';
import { isSallyportError } from '#libs/errors';
import type { ConfiguredProvider } from '../identity-provider/providers.ts';
import { toCorrelationId } from '../recording.ts';
import { clearAll } from './cookies.ts';
import type { SignInContext } from './sign-in-context.ts';

/** Where the identity provider sends the browser when it has signed out, on the sign-in host; register it there. */
export const SIGNED_OUT_PATH = `${RESERVED_PATH}signed-out`;

/**
 * Ends the sessions behind the cookies of this host, everywhere, and with them every other session of this browser; then lets one
 * identity provider end its own: that of the cookie's app, or the first of those that had a session.
 */
export async function handleSignOut(
  context: SignInContext,
  request: z.infer<typeof signOut.request>,
): Promise<AuthReply> {
  const { sealer, providers, signInOrigin } = context;
  const setCookies = clearAll(request.cookies);
  const sessions = await Promise.all(
    providers.all.map(({ sessionCookie }) => sealer.open('session', request.cookies[sessionCookie])),
  );
  const access = await sealer.open('access', request.cookies[ACCESS_COOKIE]);
  const ids = new Set([access, ...sessions].flatMap((opened) => (opened === null ? [] : [opened.sessionId])));
  const ended: Ended[] = [];
  for (const [id, state] of await sessionsOfBrowser(context, ids)) {
    const actor = { kind: 'user', id: state.principal.subject, name: state.principal.username } as const;
    const correlationId = toCorrelationId(request.requestId);
    const isEnded = await endSession(context, id, { actor, correlationId });
    const provider = providers.ofSession(state);
    if (isEnded && provider !== undefined) ended.push({ provider, session: state });
  }
  const [first] = ended;
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

type ActiveSession = Extract<UserSessionState, { status: 'active' }>;
type Ended = { readonly provider: ConfiguredProvider; readonly session: ActiveSession };

/** The active ones among these, and those of the same devices: an app's host knows nothing of the session of another provider. */
async function sessionsOfBrowser({ live }: SignInContext, ids: Iterable<string>): Promise<Map<string, ActiveSession>> {
  const found = new Map<string, ActiveSession>();
  for (const id of ids) {
    const { state } = await live.session(id);
    if (state.status === 'active') found.set(id, state);
  }
  const devices = new Set([...found.values()].flatMap(({ deviceId }) => deviceId ?? []));
  if (devices.size === 0) return found;
  for (const device of devices)
    for (const [id, state] of live.sessionsOfDevice(device)) if (state.status === 'active') found.set(id, state);
  return found;
}

async function endSession(
  { userSessions }: SignInContext,
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
