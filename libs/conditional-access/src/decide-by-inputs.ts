import type { AccessReason, AppState } from '#libs/contracts';
import type { AccessInputs } from './access-inputs.ts';
import type { CompiledPolicySet } from './compile-policy-set.ts';
import { comparableId } from './directory-id.ts';
import { evaluatePolicies } from './evaluate-policies.ts';
import type { PolicyEvaluation, PolicyOutcome } from './evaluation.ts';

/** `portal`: open to every signed-in user. */
export type AppOfDecision = AppState | 'portal';

export type Assignment = { readonly isAssigned: boolean; readonly reasons: readonly AccessReason[] };

/** What is decided about somebody whose session is active. */
export type DecisionByInputs = {
  readonly verdict: 'granted' | 'denied' | 'challenged';
  /** The last one gave the verdict. */
  readonly reasons: readonly AccessReason[];
  /** Undefined: assignment had denied, and no policy was looked at. */
  readonly evaluation: PolicyEvaluation | undefined;
};

/** Is the app there, and the user assigned to it? Pure. Unknown groups assign nobody, and where they matter the reason says so. */
export function assignmentOf(
  app: AppOfDecision,
  user: Pick<AccessInputs, 'subject' | 'groups' | 'roles' | 'isAssignedByToken'>,
): Assignment {
  if (app === 'portal') return { isAssigned: true, reasons: [] };
  if (app.status !== 'published') return { isAssigned: false, reasons: ['app-retired'] };
  if (user.isAssignedByToken === true) return { isAssigned: true, reasons: ['app-published'] };
  if (namesAny(app.users, [user.subject]) || namesAny(app.groups, user.groups ?? []))
    return { isAssigned: true, reasons: ['app-published', 'user-assigned'] };
  if (rolesThatCount(app, user.roles ?? []).length > 0)
    return { isAssigned: true, reasons: ['app-published', 'app-role-assigned'] };
  const isGroupMissing = user.groups === null && app.groups.length > 0;
  return { isAssigned: false, reasons: ['app-published', isGroupMissing ? 'groups-unknown' : 'user-unassigned'] };
}

/** Those of a user's app roles that are assigned to the app: no policy asks for them. */
export function rolesThatCount(app: AppOfDecision, roles: readonly string[]): readonly string[] {
  return app === 'portal' || app.status === 'absent' ? [] : roles.filter((role) => app.roles.includes(role));
}

/** Those of a user's groups that app or policies name: the others change no decision, and need not stand in its record. */
export function groupsThatCount(
  app: AppOfDecision,
  { namedGroups }: CompiledPolicySet,
  groups: readonly string[],
): readonly string[] {
  const assigned = new Set(app === 'portal' || app.status === 'absent' ? [] : app.groups.map(comparableId));
  return groups.filter((group) => namedGroups.has(comparableId(group)) || assigned.has(comparableId(group)));
}

/** Ids of the directory, GUIDs whatever their case. */
function namesAny(assigned: readonly string[], held: readonly string[]): boolean {
  if (assigned.length === 0 || held.length === 0) return false;
  const ids = new Set(held.map(comparableId));
  return assigned.some((id) => ids.has(comparableId(id)));
}

/**
 * Assignment first, then the policies: somebody who may not open an app at all is asked for nothing more. Pure: auth decides
 * with it, and whoever reads the record of a decision decides again.
 */
export function decideByInputs(
  app: AppOfDecision,
  policySet: CompiledPolicySet,
  inputs: AccessInputs,
): DecisionByInputs {
  if (inputs.isUserDisabled === true) return { verdict: 'denied', reasons: ['user-disabled'], evaluation: undefined };
  const { isAssigned, reasons } = assignmentOf(app, inputs);
  if (!isAssigned) return { verdict: 'denied', reasons, evaluation: undefined };
  const evaluation = evaluatePolicies(policySet, inputs);
  switch (evaluation.verdict) {
    case 'granted':
      return { verdict: 'granted', reasons: [...reasons, 'policies-passed'], evaluation };
    case 'challenge':
      return { verdict: 'challenged', reasons: [...reasons, 'step-up-required'], evaluation };
    case 'denied':
      return { verdict: 'denied', reasons: [...reasons, reasonOf(evaluation.outcomes)], evaluation };
    default:
      return evaluation.verdict satisfies never;
  }
}

/** Of what is enforced: a block is said before all else, what is unknown before what is not fulfilled. */
function reasonOf(outcomes: readonly PolicyOutcome[]): AccessReason {
  const results = outcomes.filter(({ isReportOnly }) => !isReportOnly).map(({ result }) => result);
  if (results.includes('blocked')) return 'policy-blocked';
  return results.includes('input-missing') ? 'policy-input-missing' : 'policy-unsatisfied';
}
