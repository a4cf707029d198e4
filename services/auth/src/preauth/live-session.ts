import type { UserSessionState } from '#libs/contracts';
import type { ConfiguredProvider } from '../identity-provider/providers.ts';
import { isSignedOut } from '../user-session/is-signed-out.ts';
import type { Cookies } from './cookies.ts';
import type { SignInContext } from './sign-in-context.ts';

export type LiveSession = { readonly id: string; readonly session: Extract<UserSessionState, { status: 'active' }> };

/**
 * The session behind the sign-in host's cookie for this provider, when it is whole, active, not expired and begun by that very
 * provider: a browser may bring any cookie under any name.
 */
export async function findLiveSession(
  context: SignInContext,
  { issuer, sessionCookie }: ConfiguredProvider,
  cookies: Cookies,
): Promise<LiveSession | null> {
  const opened = await context.sealer.open('session', cookies[sessionCookie]);
  if (opened === null) return null;
  const { state } = await context.live.session(opened.sessionId);
  if (state.status !== 'active' || Date.parse(state.expiresAt) <= context.nowMs()) return null;
  if (state.identityProvider !== issuer) return null;
  const { state: user } = await context.live.user(state.principal);
  return isSignedOut(state, user) ? null : { id: opened.sessionId, session: state };
}
