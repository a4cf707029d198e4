import type { z } from 'zod';
import type { endSession, endSessions, sessions, UserSessionState } from '#libs/contracts';
import { isSubjectToken } from '#libs/events';
import { sessionError } from '../errors.ts';
import { commandMetadata } from '../recording.ts';
import { endActiveSessions } from './end-sessions.ts';
import { findActiveSessions, isActiveAt, type SessionsSource, type Started } from './find-sessions.ts';
import type { LiveState } from './live-state.ts';
import type { UserSessions } from './user-sessions.ts';

const DEFAULT_LIMIT = 100;
/** Milliseconds for sessions that another instance began a moment ago to be known here; then the history is read. */
const KNOWN_DEADLINE_MS = 2_000;

/** Errors: ERR_SESSION_ABSENT. Ending an ended session changes nothing. */
export async function handleEndSession(
  userSessions: UserSessions,
  nowMs: () => number,
  request: z.infer<typeof endSession.request>,
): Promise<z.infer<typeof endSession.reply>> {
  const { sessionId, reason } = request;
  if (!isSubjectToken(sessionId)) throw sessionError('ERR_SESSION_ABSENT', 'there is no such session');
  const metadata = commandMetadata(request, nowMs());
  const { revision } = await userSessions(sessionId, { type: 'EndSession', reason }, metadata);
  return { sessionId, revision };
}

/** Ends the active sessions of a user, of a device, or those that opened an app; with several, those that all of them name. */
export async function handleEndSessions(
  parts: SessionsSource & { readonly userSessions: UserSessions },
  request: z.infer<typeof endSessions.request>,
): Promise<z.infer<typeof endSessions.reply>> {
  const { user, deviceId, appId } = request;
  const isCurrent = await parts.live.catchUp(KNOWN_DEADLINE_MS);
  const wanted = { isMeant: (session: Started) => isMeant(session, { user, deviceId }), appId };
  const ids = await findActiveSessions(parts, wanted, isCurrent);
  const { actor, correlationId, traceparent } = commandMetadata(request, parts.nowMs());
  const sessionIds = await endActiveSessions(parts.userSessions, ids, {
    reason: 'revoked',
    actor,
    correlationId,
    ...(traceparent === undefined ? {} : { traceparent }),
  });
  return { sessionIds };
}

type Filter = Pick<z.infer<typeof sessions.request>, 'subject' | 'user' | 'deviceId'>;
type Present = Exclude<UserSessionState, { status: 'absent' }>;

function isMeant({ principal, deviceId }: Started, filter: Filter): boolean {
  if (filter.subject !== undefined && principal.subject !== filter.subject) return false;
  if (filter.deviceId !== undefined && deviceId !== filter.deviceId) return false;
  const user = filter.user?.toLowerCase();
  return user === undefined || principal.subject.toLowerCase() === user || principal.username.toLowerCase() === user;
}

/** Sessions in memory, newest first: those that have not expired. */
export function querySessions(
  live: LiveState,
  nowMs: number,
  { activeOnly, limit, appId, ...filter }: z.infer<typeof sessions.request>,
): z.infer<typeof sessions.reply> {
  const found: z.infer<typeof sessions.reply>['sessions'] = [];
  for (const [id, state] of live.sessions()) {
    if (found.length >= (limit ?? DEFAULT_LIMIT)) break;
    if (state.status === 'absent') continue;
    const isActive = isActiveAt(state, nowMs);
    if (activeOnly === true && !isActive) continue;
    if (!isMeant(state, filter) || (appId !== undefined && !state.apps.includes(appId))) continue;
    found.push(viewOf(id, state, isActive));
  }
  return { sessions: found };
}

function viewOf(id: string, state: Present, isActive: boolean): z.infer<typeof sessions.reply>['sessions'][number] {
  const { principal, authenticatedAt, expiresAt, address, userAgent, apps } = state;
  const { username, name, subject } = principal;
  const { deviceId, deviceStates, signInRisk, providerId } = state;
  return {
    id,
    status: isActive ? 'active' : 'ended',
    username,
    name,
    subject,
    authenticatedAt,
    expiresAt,
    address,
    userAgent,
    apps: [...apps],
    ...(deviceId === undefined ? {} : { deviceId }),
    ...(deviceStates === undefined ? {} : { deviceStates }),
    ...(signInRisk === undefined ? {} : { signInRisk }),
    ...(providerId === undefined ? {} : { providerId }),
  };
}
