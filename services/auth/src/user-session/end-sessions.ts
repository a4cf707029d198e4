import type { SessionEndReason } from '#libs/contracts';
import { isSallyportError } from '#libs/errors';
import type { Actor } from '#libs/events';
import type { UserSessions } from './user-sessions.ts';

/** Sessions ended at the same time; the rest wait for their turn. */
const MAX_ENDED_AT_ONCE = 16;

export type EndingOfSessions = {
  readonly reason: SessionEndReason;
  readonly actor: Actor;
  readonly correlationId: string;
  readonly traceparent?: string;
};

/**
 * Ends each of these; ended ones stay as they are, those that are gone are left out of the answer. One that cannot be ended does not
 * save the others: the first error is thrown when all were tried, or when MAX_ENDED_AT_ONCE of them failed together, for then it is the
 * store. What was ended stays ended, and asking again ends the rest.
 */
export async function endActiveSessions(
  userSessions: UserSessions,
  ids: readonly string[],
  { reason, ...context }: EndingOfSessions,
): Promise<string[]> {
  const ended: string[] = [];
  const failures: unknown[] = [];
  for (let from = 0; from < ids.length; from += MAX_ENDED_AT_ONCE) {
    const some = ids.slice(from, from + MAX_ENDED_AT_ONCE);
    const done = await Promise.allSettled(
      some.map((id) => userSessions(id, { type: 'EndSession', reason }, context).then(() => id, whenGone)),
    );
    const rejected = done.flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
    failures.push(...rejected);
    for (const one of done) if (one.status === 'fulfilled' && one.value !== undefined) ended.push(one.value);
    if (rejected.length === MAX_ENDED_AT_ONCE) break;
  }
  if (failures.length > 0) throw failures[0];
  return ended;
}

function whenGone(error: unknown): undefined {
  if (isSallyportError(error, 'ERR_SESSION_ABSENT')) return undefined;
  throw error;
}
