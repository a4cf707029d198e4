import type { AccessReason, AppState, UserSessionState } from '#libs/contracts';

export type AccessQuestion = {
  readonly session: UserSessionState;
  /** `portal`: open to every signed-in user. */
  readonly app: AppState | 'portal';
  readonly nowMs: number;
};

export type AccessEvaluation =
  | { readonly verdict: 'granted'; readonly reasons: readonly AccessReason[] }
  /** The last reason is the one that denied. */
  | { readonly verdict: 'denied'; readonly reasons: readonly AccessReason[]; readonly deniedBy: AccessReason }
  /** Nobody is signed in (any more): a decision about access cannot even begin. */
  | { readonly verdict: 'unauthenticated'; readonly reason: 'session-ended' | 'session-expired' };

/** May this session open this app? Pure; three steps, each with its reason: signed in, app there, user assigned. */
export function evaluateAccess({ session, app, nowMs }: AccessQuestion): AccessEvaluation {
  if (session.status !== 'active') return { verdict: 'unauthenticated', reason: 'session-ended' };
  if (Date.parse(session.expiresAt) <= nowMs) return { verdict: 'unauthenticated', reason: 'session-expired' };
  if (app === 'portal') return { verdict: 'granted', reasons: ['session-active'] };
  if (app.status !== 'published') return denied(['session-active'], 'app-retired');
  const { subject, groups } = session.principal;
  const isAssigned = app.users.includes(subject) || app.groups.some((group) => groups.includes(group));
  if (!isAssigned) return denied(['session-active', 'app-published'], 'user-unassigned');
  return { verdict: 'granted', reasons: ['session-active', 'app-published', 'user-assigned'] };
}

function denied(passed: readonly AccessReason[], deniedBy: AccessReason): AccessEvaluation {
  return { verdict: 'denied', reasons: [...passed, deniedBy], deniedBy };
}
