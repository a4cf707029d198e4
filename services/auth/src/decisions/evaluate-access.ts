import { type AppOfDecision, assignmentOf } from '#libs/conditional-access';
import { type AccessReason, groupsOf, type UserSessionState } from '#libs/contracts';

export type AccessQuestion = {
  readonly session: UserSessionState;
  readonly app: AppOfDecision;
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
  const { subject, roles } = session.principal;
  const assignment = assignmentOf(app, { subject, roles, groups: groupsOf(session.principal) });
  const reasons: readonly AccessReason[] = ['session-active', ...assignment.reasons];
  if (assignment.isAssigned) return { verdict: 'granted', reasons };
  return { verdict: 'denied', reasons, deniedBy: assignment.reasons.at(-1) ?? 'user-unassigned' };
}
