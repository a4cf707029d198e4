import type { AccessPolicy } from '#libs/contracts';
import type { Criterion } from '../criterion.ts';
import { comparableId } from '../directory-id.ts';
import type { Situation } from '../situation.ts';
import { butNot, either, type Match, matchOf } from '../three-valued.ts';

type People = AccessPolicy['assignments']['users']['exclude'];

/** Who. Exclude wins. Unknown groups (an overage) count as missing, unless something else about the user decides already. */
export const users: Criterion = {
  clause: 'assignments.users',
  reasons: ['user-in-scope', 'user-out-of-scope'],
  missingReason: 'user-scope-unknown',
  prepare: ({ assignments: { users: assigned } }) => {
    const isIncluded = assigned.include === 'all' ? () => 'met' as const : among(assigned.include);
    const isExcluded = among(assigned.exclude);
    return { matches: (situation) => butNot(isIncluded(situation), isExcluded(situation)) };
  },
};

function among(people: People): (situation: Situation) => Match {
  const subjects = new Set(people.users.map(comparableId));
  const groups = new Set(people.groups.map(comparableId));
  const roles = new Set(people.directoryRoles.map(comparableId));
  if (subjects.size + groups.size + roles.size === 0 && !people.guests) return () => 'unmet';
  return ({ inputs, groups: named }) => {
    if (subjects.has(comparableId(inputs.subject))) return 'met';
    const isGuest = people.guests ? guestMatch(inputs.isGuest) : 'unmet';
    return either(isGuest, either(anyOf(groups, named), anyOf(roles, inputs.directoryRoles)));
  };
}

function guestMatch(isGuest: boolean | null): Match {
  return isGuest === null ? 'missing' : matchOf(isGuest);
}

function anyOf(wanted: ReadonlySet<string>, held: readonly string[] | null): Match {
  if (wanted.size === 0) return 'unmet';
  return held === null ? 'missing' : matchOf(held.some((id) => wanted.has(comparableId(id))));
}
