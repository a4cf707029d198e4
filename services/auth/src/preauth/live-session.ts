import { SESSION_COOKIE, type UserSessionState } from '#libs/contracts';
import type { Cookies } from './cookies.ts';
import type { SignInContext } from './sign-in-context.ts';

export type LiveSession = { readonly id: string; readonly session: Extract<UserSessionState, { status: 'active' }> };

/** The session behind the sign-in host's cookie, when it is whole, active and not expired. */
export async function findLiveSession(context: SignInContext, cookies: Cookies): Promise<LiveSession | null> {
  const opened = await context.sealer.open('session', cookies[SESSION_COOKIE]);
  if (opened === null) return null;
  const { state } = await context.live.session(opened.sessionId);
  if (state.status !== 'active' || Date.parse(state.expiresAt) <= context.nowMs()) return null;
  return { id: opened.sessionId, session: state };
}
