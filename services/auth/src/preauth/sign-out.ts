import type { z } from 'zod';
import { ACCESS_COOKIE, type AuthReply, RESERVED_PATH, SESSION_COOKIE, type signOut } from '#libs/contracts';
import { isSallyportError } from '#libs/errors';
import { toCorrelationId } from '../recording.ts';
import { clearAll } from './cookies.ts';
import type { SignInContext } from './sign-in-context.ts';

/** Where the identity provider sends the browser when it has signed out, on the sign-in host; register it there. */
export const SIGNED_OUT_PATH = `${RESERVED_PATH}signed-out`;

/** Ends the sessions behind the cookies of this host, everywhere, then lets the identity provider end its own. */
export async function handleSignOut(
  context: SignInContext,
  request: z.infer<typeof signOut.request>,
): Promise<AuthReply> {
  const { sealer, live, identityProvider, signInOrigin } = context;
  const setCookies = clearAll(request.cookies);
  const session = await sealer.open('session', request.cookies[SESSION_COOKIE]);
  const access = await sealer.open('access', request.cookies[ACCESS_COOKIE]);
  const ids = new Set([session, access].flatMap((opened) => (opened === null ? [] : [opened.sessionId])));
  let hasEnded = false;
  for (const id of ids) {
    const { state } = await live.session(id);
    if (state.status !== 'active') continue;
    const actor = { kind: 'user', id: state.principal.subject, name: state.principal.username } as const;
    const correlationId = toCorrelationId(request.requestId);
    const isEnded = await endSession(context, id, { actor, correlationId });
    hasEnded ||= isEnded;
  }
  const location = hasEnded ? await identityProvider.endSessionUrl(`${signInOrigin}${SIGNED_OUT_PATH}`) : null;
  return location === null ? { kind: 'signed-out', setCookies } : { kind: 'redirect', location, setCookies };
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
