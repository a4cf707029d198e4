import type { z } from 'zod';
import type { assessSession } from '#libs/contracts';
import { isSubjectToken } from '#libs/events';
import { sessionError } from '../errors.ts';
import { commandMetadata } from '../recording.ts';
import type { UsersContext } from './change-user.ts';

/** The risk of one sign-in, which policies see from the next decision on. Errors: ERR_SESSION_ABSENT, ERR_SESSION_ENDED. */
export async function assess(
  { userSessions, nowMs }: Pick<UsersContext, 'userSessions' | 'nowMs'>,
  request: z.infer<typeof assessSession.request>,
): Promise<z.infer<typeof assessSession.reply>> {
  const { sessionId, level, detail } = request;
  if (!isSubjectToken(sessionId)) throw sessionError('ERR_SESSION_ABSENT', 'there is no such session');
  const { revision } = await userSessions(
    sessionId,
    { type: 'AssessSignInRisk', level, detail },
    commandMetadata(request, nowMs()),
  );
  return { sessionId, revision };
}
