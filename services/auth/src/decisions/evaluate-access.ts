import type { UserSessionState } from '#libs/contracts';

export type SessionStanding = 'session-active' | 'session-ended' | 'session-expired';

/** Whether somebody is signed in by this session (still): without that a decision about access cannot even begin. Pure. */
export function standingOf(session: UserSessionState, nowMs: number): SessionStanding {
  if (session.status !== 'active') return 'session-ended';
  // A date that cannot be read is over.
  return Date.parse(session.expiresAt) > nowMs ? 'session-active' : 'session-expired';
}
