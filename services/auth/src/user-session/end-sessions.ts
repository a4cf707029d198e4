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
 * Ends each of these; ended ones stay as they are, those that are gone are left out of the answer. When the store fails,
 * what was ended stays ended, and asking again ends the rest.
 */
export async function endActiveSessions(
  userSessions: UserSessions,
  ids: readonly string[],
  { reason, ...context }: EndingOfSessions,
): Promise<string[]> {
  const ended: string[] = [];
  for (let from = 0; from < ids.length; from += MAX_ENDED_AT_ONCE) {
    const some = ids.slice(from, from + MAX_ENDED_AT_ONCE);
    const done = await Promise.all(
      some.map((id) => userSessions(id, { type: 'EndSession', reason }, context).then(() => id, whenGone)),
    );
    for (const id of done) if (id !== undefined) ended.push(id);
  }
  return ended;
}

function whenGone(error: unknown): undefined {
  if (isSallyportError(error, 'ERR_SESSION_ABSENT')) return undefined;
  throw error;
}
