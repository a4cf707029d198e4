import type { z } from 'zod';
import type { endSession, sessions, UserSessionState } from '#libs/contracts';
import { isSubjectToken } from '#libs/events';
import { sessionError } from '../errors.ts';
import type { LiveState } from './live-state.ts';
import type { UserSessions } from './user-sessions.ts';

const DEFAULT_LIMIT = 100;

/** Errors: ERR_SESSION_ABSENT. Ending an ended session changes nothing. */
export async function handleEndSession(
  userSessions: UserSessions,
  request: z.infer<typeof endSession.request>,
): Promise<z.infer<typeof endSession.reply>> {
  const { sessionId, reason, commandId, actor, correlationId, traceparent } = request;
  if (!isSubjectToken(sessionId)) throw sessionError('ERR_SESSION_ABSENT', 'there is no such session');
  const { revision } = await userSessions(
    sessionId,
    { type: 'EndSession', reason },
    {
      actor: { kind: actor.kind, id: actor.id, ...(actor.name === undefined ? {} : { name: actor.name }) },
      commandId,
      correlationId,
      ...(traceparent === undefined ? {} : { traceparent }),
    },
  );
  return { sessionId, revision };
}

/** Sessions in memory, newest first: those that have not expired. */
export function querySessions(
  live: LiveState,
  nowMs: number,
  { subject, activeOnly, limit }: z.infer<typeof sessions.request>,
): z.infer<typeof sessions.reply> {
  const found: z.infer<typeof sessions.reply>['sessions'] = [];
  for (const [id, state] of live.sessions()) {
    if (found.length >= (limit ?? DEFAULT_LIMIT)) break;
    if (state.status === 'absent') continue;
    const isActive = state.status === 'active' && Date.parse(state.expiresAt) > nowMs;
    if (activeOnly === true && !isActive) continue;
    if (subject !== undefined && state.principal.subject !== subject) continue;
    found.push(viewOf(id, state, isActive));
  }
  return { sessions: found };
}

function viewOf(id: string, state: Exclude<UserSessionState, { status: 'absent' }>, isActive: boolean) {
  const { principal, authenticatedAt, expiresAt, address, userAgent, apps } = state;
  const { username, name, subject } = principal;
  const status = isActive ? ('active' as const) : ('ended' as const);
  return { id, status, username, name, subject, authenticatedAt, expiresAt, address, userAgent, apps: [...apps] };
}
