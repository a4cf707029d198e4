import type { AccessPolicy, GrantControl, PolicySetState } from '#libs/contracts';
import type { PolicyOutcome } from './evaluation.ts';

/** What one policy that said no looks for, in words: for the person it refused, and for whoever explains it. */
export type RefusalWords = {
  /** As of the set that is described. */
  readonly policyName: string;
  /** Completes "The policy … ", for example `blocks it`. */
  readonly says: string;
  /** Completes "It would be allowed …", for example `from another platform`. */
  readonly remedy: string;
};

const NEEDED_INPUT: Readonly<Record<string, string>> = {
  'assignments.users': 'your groups, roles or whether you are a guest',
  'conditions.locations': 'where you are',
  'conditions.platforms': 'the platform of your device',
  'conditions.deviceStates': 'the state of your device',
  'conditions.clientKinds': 'the kind of program you use',
  'conditions.signInRisk': 'the risk of your sign-in',
  'conditions.userRisk': 'the risk of your account',
};
const OUTSIDE_OF: Readonly<Record<keyof AccessPolicy['conditions'], string>> = {
  locations: 'from another network or country',
  platforms: 'from another platform',
  deviceStates: 'with a device in another state',
  clientKinds: 'with another kind of program',
  signInRisk: 'at another risk of the sign-in',
  userRisk: 'at another risk of the account',
  times: 'at another time',
};
const CONDITIONS = Object.keys(OUTSIDE_OF) as readonly (keyof AccessPolicy['conditions'])[];
const OR = new Intl.ListFormat('en', { type: 'disjunction' });
const AND = new Intl.ListFormat('en', { type: 'conjunction' });

/**
 * Only what the policy itself says, never names or ranges of locations, nor other policies. A policy that is not in this set
 * (any more) is named by its id. Undefined where the outcome is no refusal.
 */
export function describeRefusal(set: PolicySetState, outcome: PolicyOutcome): RefusalWords | undefined {
  const { result, policyId, clauses } = outcome;
  if (result === 'satisfied' || result === 'not-applied') return undefined;
  const policy = set.policies.find(({ document }) => document.id === policyId)?.document;
  if (policy === undefined)
    return {
      policyName: policyId,
      says: 'refuses it',
      remedy: 'now, as far as this policy goes: it is not there any more',
    };
  const policyName = policy.name;
  const failed = clauses.map(({ clause }) => clause);
  if (result === 'blocked') return { policyName, says: 'blocks it', remedy: withoutBlock(policy) };
  if (result === 'input-missing') {
    const needed = [...new Set(failed.map((clause) => NEEDED_INPUT[clause] ?? neededBy(policy, clause)))];
    return {
      policyName,
      says: `needs to know ${AND.format(needed)}, and that is not known`,
      remedy: 'once that is known, if the policy then lets it pass',
    };
  }
  const wanted = wantedBy(policy, failed);
  return { policyName, says: `asks for ${wanted}`, remedy: `with ${wanted}` };
}

/** `any` is about the controls of the grant alone: a session control that failed is wanted beside one of them. */
function wantedBy(policy: AccessPolicy, failed: readonly string[]): string {
  const words = (clauses: readonly string[]) => [...new Set(clauses.map((clause) => lackingOf(policy, clause)))];
  const isAny = policy.grant.kind === 'require' && policy.grant.operator === 'any';
  if (!isAny) return AND.format(words(failed));
  const controls = words(failed.filter((clause) => controlAt(policy, clause) !== undefined));
  const others = words(failed.filter((clause) => controlAt(policy, clause) === undefined));
  const anyControl = controls.length > 1 && others.length > 0 ? `either ${OR.format(controls)}` : OR.format(controls);
  const besides = AND.format(others);
  if (controls.length === 0 || others.length === 0) return anyControl || besides;
  // A comma where there was a choice: "either a or b, and c" cannot be read as "a, or b and c".
  return `${anyControl}${controls.length > 1 ? ',' : ''} and ${besides}`;
}

function withoutBlock({ conditions }: AccessPolicy): string {
  const ways = CONDITIONS.flatMap((condition) => (conditions[condition] === undefined ? [] : [OUTSIDE_OF[condition]]));
  return ways.length === 0 ? 'by an exception that an administrator makes' : OR.format(ways);
}

function neededBy(policy: AccessPolicy, clause: string): string {
  if (clause === 'session.bindToNetwork') return lackingOf(policy, clause);
  return controlAt(policy, clause)?.kind === 'compliant-device'
    ? 'the state of your device'
    : `what ${clause} asks for`;
}

function lackingOf(policy: AccessPolicy, clause: string): string {
  const control = controlAt(policy, clause);
  if (control !== undefined) return wordsOf(control);
  const { signInFrequencyMinutes, maxSessionMinutes } = policy.session;
  if (clause === 'session.signInFrequencyMinutes')
    return `a sign-in that is at most ${signInFrequencyMinutes ?? 0} minutes old`;
  if (clause === 'session.maxSessionMinutes') return `a session that is at most ${maxSessionMinutes ?? 0} minutes old`;
  if (clause === 'session.bindToNetwork') return 'the network that the session began in';
  return `what ${clause} asks for`;
}

function controlAt({ grant }: AccessPolicy, clause: string): GrantControl | undefined {
  const index = /^grant\.controls\.(\d+)$/.exec(clause)?.[1];
  return grant.kind === 'require' && index !== undefined ? grant.controls[Number(index)] : undefined;
}

function wordsOf(control: GrantControl): string {
  switch (control.kind) {
    case 'authentication-strength':
      return `a sign-in with authentication context ${control.context}`;
    case 'compliant-device':
      return 'a device that is marked as compliant';
    case 'reauthentication':
      return `a sign-in that is at most ${control.maxAgeMinutes} minutes old`;
    default:
      return control satisfies never;
  }
}
