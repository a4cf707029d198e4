import type { AccessInputs } from '../access-inputs.ts';
import type { CompiledPolicy, CompiledPolicySet, PlacedControl } from '../compile-policy-set.ts';
import { clientKinds } from '../criteria/client-kinds.ts';
import { deviceStates } from '../criteria/device-states.ts';
import { locations } from '../criteria/locations.ts';
import { platforms } from '../criteria/platforms.ts';
import { times } from '../criteria/times.ts';
import { users } from '../criteria/users.ts';
import type { Criterion } from '../criterion.ts';
import { evaluatePolicies } from '../evaluate-policies.ts';
import type { PolicyOutcome } from '../evaluation.ts';
import { createSituation, type Situation } from '../situation.ts';
import {
  bestInputs,
  type Candidates,
  candidateClientKinds,
  candidateDevices,
  candidateInstants,
  candidatePlaces,
  candidatePlatforms,
} from './best-inputs.ts';
import { type Choice, type Dimension, findOpening } from './find-opening.ts';

export type LockoutAssumptions = {
  /** Whether countries of addresses can be looked up, default true. If not, every policy that needs one denies. */
  readonly isCountryKnown?: boolean;
  /** Whether it is known that administrators are no guests, default true. If not, a policy that asks for guests may deny. */
  readonly isGuestKnown?: boolean;
};

/**
 * The policy that keeps every administrator out of the portal; undefined: somebody gets in. An administrator is a member with one of the
 * roles, by no other id: that a user or a group that a policy spares has such a role is not known here, so a set that spares only them
 * counts as a lockout. Without any role: a member.
 *
 * Method. Nothing is proved about the text of policies: it says "somebody gets in" only when `evaluatePolicies` did not deny inputs that
 * it built. To find them it takes the criteria apart by the input they look at (role, device, platform, client, place, time), collects for
 * each input one value of every kind that policies can tell apart (see best-inputs.ts), notes for each value which policies it lets
 * in, and looks for one value of each input such that no policy that says no is let in by all of them. Risk is none, the sign-in is
 * new and brings every authentication context. Bounds: MAX_INSTANTS, MAX_ADDRESSES, MAX_PLACES, MAX_STEPS; at a bound it errs by refusing.
 */
export function locksOutAdministrators(
  compiled: CompiledPolicySet,
  administratorRoles: readonly string[],
  portalAppId: string,
  { isCountryKnown = true, isGuestKnown = true }: LockoutAssumptions = {},
): PolicyOutcome | undefined {
  // Not known is never better than a member: where it is met or unmet, it does not matter.
  const best = { ...bestInputs(portalAppId), isGuest: isGuestKnown ? false : null };
  const roles = administratorRoles.length === 0 ? [{}] : administratorRoles.map((role) => ({ directoryRoles: [role] }));
  const all = compiled.policies.filter(({ isReportOnly }) => !isReportOnly);
  const enforced = all.filter((policy) => roles.some((role) => mayApply(policy, situationOf({ ...best, ...role }))));
  const situationOfCandidate = (candidate: Partial<AccessInputs>) => situationOf({ ...best, ...candidate });
  const dimension = (criterion: Criterion, candidates: Candidates): Dimension<Partial<AccessInputs>> =>
    candidates.map((candidate) => choiceOf(candidate, criterion, enforced, situationOfCandidate(candidate)));
  const found = findOpening([
    dimension(users, roles),
    dimension(deviceStates, candidateDevices()),
    dimension(platforms, candidatePlatforms()),
    dimension(clientKinds, candidateClientKinds()),
    dimension(locations, candidatePlaces(enforced, compiled, isCountryKnown)),
    dimension(times, candidateInstants(enforced, compiled)),
  ]);
  const { verdict, outcomes } = evaluatePolicies(compiled, Object.assign({}, best, ...found));
  return verdict === 'denied' ? outcomes[0] : undefined;

  function situationOf(inputs: AccessInputs): Situation {
    return createSituation(compiled, inputs);
  }
}

/** By what no candidate changes: the app, the risk, and who. */
function mayApply(policy: CompiledPolicy, situation: Situation): boolean {
  const fixed = new Set(['assignments.apps', 'assignments.users', 'conditions.signInRisk', 'conditions.userRisk']);
  return policy.asked.every(
    ({ criterion, probe }) => !fixed.has(criterion.clause) || probe.matches(situation) !== 'unmet',
  );
}

/** Which policies a value lets in, as a set of bits; and which say no with it: only what devices change is asked here. */
function choiceOf(
  value: Partial<AccessInputs>,
  criterion: Criterion,
  policies: readonly CompiledPolicy[],
  situation: Situation,
): Choice<Partial<AccessInputs>> {
  let lets = 0n;
  let refuses = 0n;
  policies.forEach((policy, index) => {
    const bit = 1n << BigInt(index);
    const match = policy.asked.find((one) => one.criterion === criterion)?.probe.matches(situation) ?? 'met';
    if (match !== 'unmet') lets |= bit;
    if (match === 'missing' || (criterion === deviceStates && !isGrantable(policy, situation))) refuses |= bit;
  });
  return { value, lets, refuses };
}

function isGrantable({ isBlock, mustHold, alternatives }: CompiledPolicy, situation: Situation): boolean {
  const isHeld = ({ check }: PlacedControl) => check(situation).isHeld;
  return !isBlock && mustHold.every(isHeld) && (alternatives.length === 0 || alternatives.some(isHeld));
}
