import type { z } from 'zod';
import {
  type EndOwnSessionsReply,
  type endOwnSessions,
  type OwnSession,
  PORTAL_APP_ID,
  type PortalReply,
  type portal,
} from '#libs/contracts';
import { isSubjectToken } from '#libs/events';
import type { PolicyJudge } from '../conditional-access/policy-judge.ts';
import { askerOfSession } from '../decisions/asker.ts';
import type { AccessDecider } from '../decisions/decide-access.ts';
import { judgeAccess } from '../decisions/judge-access.ts';
import type { IdentityProviders } from '../identity-provider/providers.ts';
import type { LiveSession } from '../preauth/live-session.ts';
import type { TypedSealer } from '../preauth/sealed-values.ts';
import { toCorrelationId } from '../recording.ts';
import { endActiveSessions } from './end-sessions.ts';
import { findSessionsOfPerson } from './find-sessions.ts';
import type { LiveState } from './live-state.ts';
import type { UserSessions } from './user-sessions.ts';

/** Sessions shown of one person; the oldest of more are left out, and are ended with `others` all the same. */
export const MAX_OWN_SESSIONS_SHOWN = 50;

export type OwnSessionsContext = {
  readonly sealer: TypedSealer;
  readonly live: LiveState;
  readonly userSessions: UserSessions;
  readonly providers: Pick<IdentityProviders, 'isOfApp'>;
  readonly decider: Pick<AccessDecider, 'decide'>;
  /** Throws when the policies are not known: then no app is said to be open. */
  readonly judge: () => PolicyJudge;
  readonly nowMs: () => number;
};

type Standing = LiveSession | Extract<PortalReply, { status: 'sign-in' | 'refused' }>;
type Asked = Pick<z.infer<typeof portal.request>, 'accessCookie' | 'client' | 'requestId'>;

/** Answers for the subject of the session behind the cookie alone. */
export async function handlePortal(
  context: OwnSessionsContext,
  request: z.infer<typeof portal.request>,
): Promise<PortalReply> {
  const { sealer, live, nowMs } = context;
  const current = await standingOf(context, request);
  if ('status' in current) return current;
  const { id, session } = current;
  const asker = askerOfSession(id, session, (await live.user(session.principal)).state);
  const judge = context.judge();
  const apps: Extract<PortalReply, { status: 'shown' }>['apps'] = [];
  for (const appId of request.appIds.filter(isSubjectToken)) {
    const { state: app } = await live.app(appId);
    // Of whom it asks, this person is not one: a subject means somebody else there.
    if (!context.providers.isOfApp(session, app)) continue;
    const { verdict } = judgeAccess({ appId, asker, app, client: request.client, judge, nowMs: nowMs() });
    if (verdict === 'granted') apps.push({ id: appId, verdict });
    else if (verdict === 'challenged') apps.push({ id: appId, verdict: 'step-up' });
  }
  const ttlSeconds = Math.max(1, Math.ceil((Date.parse(session.expiresAt) - nowMs()) / 1000));
  const formToken = await sealer.seal('portal-form', { sessionId: id }, ttlSeconds);
  const signIns = live.signInsOf(session.principal).map((one) => ({ ...one }));
  return { status: 'shown', apps, sessions: shown(current, activeOf(context, current)), signIns, formToken };
}

/** Ending a session that is ended changes nothing and is no error: a form sent twice says the same twice. */
export async function handleEndOwnSessions(
  context: OwnSessionsContext,
  request: z.infer<typeof endOwnSessions.request>,
): Promise<EndOwnSessionsReply> {
  const current = await standingOf(context, request);
  if ('status' in current) return current;
  const form = await context.sealer.open('portal-form', request.formToken);
  if (form?.sessionId !== current.id) return { status: 'forged' };
  const ids = await targetsOf(context, current, request.target);
  if (ids === undefined) return { status: 'absent' };
  const { subject, username } = current.session.principal;
  const ended = await endActiveSessions(context.userSessions, ids, {
    reason: 'revoked',
    actor: { kind: 'user', id: subject, name: username },
    correlationId: toCorrelationId(request.requestId),
  });
  return { status: 'ended', sessionIds: ended };
}

/**
 * The portal is an app like any other: a decision about it holds here too, whatever a cache before says. It is the recorded
 * one where nothing has changed since.
 */
async function standingOf(context: OwnSessionsContext, { accessCookie, client, requestId }: Asked): Promise<Standing> {
  const { sealer, live, decider } = context;
  const access = await sealer.open('access', accessCookie);
  if (access === null) return { status: 'sign-in', reason: 'access-cookie-invalid' };
  if (access.appId !== PORTAL_APP_ID) return { status: 'sign-in', reason: 'access-cookie-of-another-app' };
  const { sessionId } = access;
  const credential = { kind: 'session', sessionId } as const;
  const decision = await decider.decide({ appId: PORTAL_APP_ID, credential, client, requestId });
  switch (decision.verdict) {
    case 'allow': {
      const { state } = await live.session(sessionId);
      return state.status === 'active'
        ? { id: sessionId, session: state }
        : { status: 'sign-in', reason: 'session-ended' };
    }
    case 'deny':
    case 'step-up':
      return { status: 'refused', decision };
    case 'sign-in':
    case 'refuse-token':
      return { status: 'sign-in', reason: decision.reason };
    default:
      return decision satisfies never;
  }
}

/** undefined: no session of this person. */
async function targetsOf(
  context: OwnSessionsContext,
  current: LiveSession,
  target: z.infer<typeof endOwnSessions.request>['target'],
): Promise<readonly string[] | undefined> {
  if (target.kind === 'others') {
    const ids = await findSessionsOfPerson(context.live.source, current.session.principal);
    return ids.filter((id) => id !== current.id);
  }
  if (!isSubjectToken(target.sessionId)) return undefined;
  const { state } = await context.live.session(target.sessionId);
  if (state.status === 'absent' || !isSamePerson(state.principal, current.session.principal)) return undefined;
  return [target.sessionId];
}

function activeOf({ live, nowMs }: OwnSessionsContext, { session }: LiveSession): readonly LiveSession[] {
  const now = nowMs();
  return live.sessionsOf(session.principal.subject).flatMap(([id, state]) => {
    if (state.status !== 'active' || Date.parse(state.expiresAt) <= now) return [];
    return isSamePerson(state.principal, session.principal) ? [{ id, session: state }] : [];
  });
}

function shown(current: LiveSession, active: readonly LiveSession[]): OwnSession[] {
  const others = active.filter(({ id }) => id !== current.id).slice(0, MAX_OWN_SESSIONS_SHOWN - 1);
  return [current, ...others].map(({ id, session }) => {
    const { authenticatedAt, expiresAt, address, userAgent } = session;
    return { id, isCurrent: id === current.id, authenticatedAt, expiresAt, address, userAgent };
  });
}

type Person = { readonly directoryTenant: string; readonly subject: string };

/** A subject is unique within its directory only. */
function isSamePerson(one: Person, other: Person): boolean {
  return one.subject === other.subject && one.directoryTenant === other.directoryTenant;
}
