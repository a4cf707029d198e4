import { isDeepStrictEqual } from 'node:util';
import type { PolicySetView } from '#libs/contracts';
import type { PolicyDocuments } from './policy-file.ts';

export type PlannedChange = {
  readonly change: 'added' | 'changed' | 'removed';
  readonly kind: 'policy' | 'location';
  readonly id: string;
  readonly name: string;
  /** Fields of a changed one, `state` with both values: `state off to on`. */
  readonly fields: readonly string[];
};

export type PolicyPlan = {
  readonly changes: readonly PlannedChange[];
  readonly unchanged: { readonly policies: number; readonly locations: number };
};

type Document = { readonly id: string; readonly name: string };

/** What leads from one set to the other. Pure. */
export function planPolicies(now: PolicySetView, wanted: PolicyDocuments): PolicyPlan {
  const before: PolicyDocuments = {
    policies: now.policies.map(({ policy }) => policy),
    locations: now.locations.map(({ location }) => location),
  };
  const locations = compare('location', before.locations, wanted.locations);
  const policies = compare('policy', before.policies, wanted.policies);
  const isPut = ({ change }: PlannedChange) => change !== 'removed';
  // What protects comes before what goes.
  const changes = [
    ...locations.filter(isPut),
    ...policies.filter(isPut),
    ...policies.filter((one) => !isPut(one)),
    ...locations.filter((one) => !isPut(one)),
  ];
  return {
    changes,
    unchanged: {
      policies: wanted.policies.length - policies.filter(isPut).length,
      locations: wanted.locations.length - locations.filter(isPut).length,
    },
  };
}

function compare(
  kind: PlannedChange['kind'],
  before: readonly Document[],
  after: readonly Document[],
): readonly PlannedChange[] {
  const put = after.flatMap((wanted): readonly PlannedChange[] => {
    const known = before.find(({ id }) => id === wanted.id);
    const { id, name } = wanted;
    if (known === undefined) return [{ change: 'added', kind, id, name, fields: [] }];
    if (isDeepStrictEqual(known, wanted)) return [];
    return [{ change: 'changed', kind, id, name, fields: fieldsOf(known, wanted) }];
  });
  const gone = before
    .filter(({ id }) => !after.some((wanted) => wanted.id === id))
    .map(({ id, name }): PlannedChange => ({ change: 'removed', kind, id, name, fields: [] }));
  return [...put, ...gone];
}

function fieldsOf(known: object, wanted: object): readonly string[] {
  const [before, after] = [new Map<string, unknown>(Object.entries(known)), new Map(Object.entries(wanted))];
  return [...new Set([...before.keys(), ...after.keys()])]
    .filter((field) => !isDeepStrictEqual(before.get(field), after.get(field)))
    .map((field) => (field === 'state' ? `state ${String(before.get(field))} to ${String(after.get(field))}` : field));
}
