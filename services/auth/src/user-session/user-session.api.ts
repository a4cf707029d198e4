import type { z } from 'zod';
import type { endSession, endSessions, sessions, UserSessionState } from '#libs/contracts';
import { isSubjectToken } from '#libs/events';
import { sessionError } from '../errors.ts';
import { endActiveSessions } from './end-sessions.ts';
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

/** Ends the active sessions in memory of a user, or those that opened an app; with both, those of the user at the app. */
export async function handleEndSessions(
  parts: { readonly userSessions: UserSessions; readonly live: LiveState; readonly nowMs: () => number },
  request: z.infer<typeof endSessions.request>,
): Promise<z.infer<typeof endSessions.reply>> {
  const { actor, correlationId, traceparent } = request;
  const ids: string[] = [];
  for (const [id, state] of parts.live.sessions())
    if (isActiveAt(state, parts.nowMs()) && isMeant(state, request)) ids.push(id);
  const sessionIds = await endActiveSessions(parts.userSessions, ids, {
    reason: 'revoked',
    actor: { kind: actor.kind, id: actor.id, ...(actor.name === undefined ? {} : { name: actor.name }) },
    correlationId,
    ...(traceparent === undefined ? {} : { traceparent }),
  });
  return { sessionIds };
}

type Filter = Pick<z.infer<typeof sessions.request>, 'subject' | 'user' | 'appId'>;
type Present = Exclude<UserSessionState, { status: 'absent' }>;

function isActiveAt(state: UserSessionState, nowMs: number): state is Present {
  return state.status === 'active' && Date.parse(state.expiresAt) > nowMs;
}

function isMeant({ principal, apps }: Present, { subject, user, appId }: Filter): boolean {
  if (subject !== undefined && principal.subject !== subject) return false;
  if (appId !== undefined && !apps.includes(appId)) return false;
  return user === undefined || principal.subject === user || principal.username.toLowerCase() === user.toLowerCase();
}

/** Sessions in memory, newest first: those that have not expired. */
export function querySessions(
  live: LiveState,
  nowMs: number,
  { activeOnly, limit, ...filter }: z.infer<typeof sessions.request>,
): z.infer<typeof sessions.reply> {
  const found: z.infer<typeof sessions.reply>['sessions'] = [];
  for (const [id, state] of live.sessions()) {
    if (found.length >= (limit ?? DEFAULT_LIMIT)) break;
    if (state.status === 'absent') continue;
    const isActive = isActiveAt(state, nowMs);
    if (activeOnly === true && !isActive) continue;
    if (!isMeant(state, filter)) continue;
    found.push(viewOf(id, state, isActive));
  }
  return { sessions: found };
}

function viewOf(id: string, state: Present, isActive: boolean) {
  const { principal, authenticatedAt, expiresAt, address, userAgent, apps } = state;
  const { username, name, subject } = principal;
  const status = isActive ? ('active' as const) : ('ended' as const);
  return { id, status, username, name, subject, authenticatedAt, expiresAt, address, userAgent, apps: [...apps] };
}
