import { endActiveSessions } from '../user-session/end-sessions.ts';
import type { Person } from '../user-session/live-state.ts';
import type { SessionCommandContext } from '../user-session/user-sessions.ts';
import type { SignInContext } from './sign-in-context.ts';

/** Active sessions of one person in memory; the oldest of more end, at the next sign-in. */
export const MAX_SESSIONS_PER_PERSON = 100;
/** Sessions one sign-in ends for that, so that nobody waits for long. */
const MAX_ENDED_BY_SIGN_IN = 16;

/** After a sign-in. One that cannot be ended is no reason to refuse it: the next sign-in tries again. */
export async function endOldestSessions(
  { live, userSessions, logger }: Pick<SignInContext, 'live' | 'userSessions' | 'logger'>,
  person: Person,
  { actor, correlationId }: SessionCommandContext,
): Promise<void> {
  const tooMany = live.activeSessionIdsOf(person).slice(MAX_SESSIONS_PER_PERSON).slice(-MAX_ENDED_BY_SIGN_IN);
  if (tooMany.length === 0) return;
  try {
    await endActiveSessions(userSessions, tooMany, { reason: 'too-many-sessions', actor, correlationId });
  } catch (error) {
    logger.warn('oldest sessions of a person could not be ended', { sessions: tooMany.length, error });
  }
}
