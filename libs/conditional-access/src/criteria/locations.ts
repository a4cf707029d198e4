import type { Criterion } from '../criterion.ts';
import type { Whereabouts } from '../locations/location-table.ts';
import { butNot, either, type Match } from '../three-valued.ts';

/** From where. A location that does not exist counts as missing: see Whereabouts. */
export const locations: Criterion = {
  clause: 'conditions.locations',
  reasons: ['location-in-scope', 'location-out-of-scope'],
  missingReason: 'location-unknown',
  prepare: ({ conditions }) => {
    if (conditions.locations === undefined) return undefined;
    const { include, exclude } = conditions.locations;
    return { matches: ({ whereabouts }) => butNot(inAny(include, whereabouts), inAny(exclude, whereabouts)) };
  },
};

function inAny(choices: readonly string[], whereabouts: Whereabouts): Match {
  let match: Match = 'unmet';
  for (const choice of choices) {
    match = either(match, matchOfChoice(choice, whereabouts));
    if (match === 'met') return match;
  }
  return match;
}

function matchOfChoice(choice: string, whereabouts: Whereabouts): Match {
  switch (choice) {
    case 'all':
      return 'met';
    case 'trusted':
      return whereabouts.trusted;
    case 'unknown':
      return whereabouts.unknown;
    default:
      return whereabouts.isIn(choice);
  }
}
