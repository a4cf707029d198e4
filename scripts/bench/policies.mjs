/** As many as a policy set may have (docs/policies.md). */
export const MAX_POLICIES = 195;
/** Fewer than the API changes at once. */
const CHANGES_AT_ONCE = 60;
const LOCATIONS = 60;
const MAX_AGE_MINUTES = 1_440;
const TIME_ZONES = ['Europe/Berlin', 'America/New_York', 'Asia/Tokyo'];
const OFFICE_HOURS = [{ days: [1, 2, 3, 4, 5], from: '07:00', until: '19:00' }];

/** @typedef {Record<string, unknown> & { id: string }} Document */
/** @typedef {{ policies: readonly Document[], locations: readonly Document[] }} PolicySet */

/**
 * A set as an organization grows it: half of the policies are for everybody, the others for groups, most of which a user is
 * not in; a third names apps; a third knows places, a quarter hours. Whoever signed in within a day gets in, and administrators
 * keep the portal. Pure.
 * @param {number} count 0 to 195; 0 is the empty set
 * @param {string} ownGroup one that the user is in
 * @returns {PolicySet}
 */
export function policySetOf(count, ownGroup) {
  const locations = Array.from({ length: count === 0 ? 0 : LOCATIONS }, (_, index) => ({
    id: `place-${index}`,
    name: `place ${index}`,
    isTrusted: index % 20 === 0,
    ranges: [`10.${index}.0.0/16`, `2001:db8:${index.toString(16)}::/48`],
    // The country of an address may be unknown, and unknown is no: only places that policies for others name have countries.
    ...(index % 2 === 1 && { countries: ['FR'] }),
  }));
  return { policies: Array.from({ length: count }, (_, index) => policyOf(index, ownGroup)), locations };
}

/**
 * @param {number} index
 * @param {string} ownGroup
 * @returns {Document}
 */
function policyOf(index, ownGroup) {
  const isForGroups = index % 2 === 1;
  const groups = [`group-${index}`, index % 10 === 1 ? ownGroup : `group-${index + 1}`];
  // What may be unknown of a user is asked of others only: unknown is no.
  const others = isForGroups && index % 10 !== 1;
  const conditions = {
    ...(index % 3 === 0 && { locations: { include: ['all'], exclude: [`place-${index % LOCATIONS}`, 'trusted'] } }),
    ...(index % 4 === 0 && { times: { timeZone: TIME_ZONES[index % 3], windows: OFFICE_HOURS } }),
    ...(others && index % 5 === 0 && { signInRisk: ['high'] }),
    ...(others && index % 7 === 0 && { platforms: { include: 'all', exclude: ['ios'] } }),
  };
  const fresh = { kind: 'reauthentication', maxAgeMinutes: MAX_AGE_MINUTES };
  const either = [{ kind: 'compliant-device' }, { kind: 'authentication-strength', context: 'c1' }, fresh];
  return {
    id: `bench-${index}`,
    name: `bench ${index}`,
    state: 'on',
    assignments: {
      users: { include: isForGroups ? { groups } : 'all' },
      apps:
        index % 3 === 2 ? { include: [`app-${index}`, `app-${index + 1}`] } : { include: 'all', exclude: ['portal'] },
    },
    conditions,
    grant:
      index % 4 === 3
        ? { kind: 'require', operator: 'any', controls: either }
        : { kind: 'require', operator: 'all', controls: [fresh] },
    session: index % 10 === 0 ? { signInFrequencyMinutes: MAX_AGE_MINUTES, bindToNetwork: true } : {},
  };
}

/**
 * The sets on the way from none to this one, the last included: locations come before the policies that name them, and no step
 * changes more than the API takes at once. Pure.
 * @param {PolicySet} set
 * @returns {PolicySet[]}
 */
export function stepsTo({ policies, locations }) {
  const total = policies.length + locations.length;
  const steps = Array.from({ length: Math.ceil(total / CHANGES_AT_ONCE) }, (_, index) => (index + 1) * CHANGES_AT_ONCE);
  return steps.map((upTo) => ({
    locations: locations.slice(0, upTo),
    policies: policies.slice(0, Math.max(0, upTo - locations.length)),
  }));
}

/**
 * Puts a set where there is none. The API answers when auth decides by it.
 * @param {import('./targets/sallyport.mjs').Api} api
 * @param {PolicySet} set
 */
export async function putPolicies(api, set) {
  for (const step of stepsTo(set)) await api.call('PUT', '/policy-set', step);
}

/**
 * Takes a set away again, the way it came.
 * @param {import('./targets/sallyport.mjs').Api} api
 * @param {PolicySet} set
 */
export async function removePolicies(api, set) {
  const steps = [{ policies: [], locations: [] }, ...stepsTo(set).slice(0, -1)];
  for (const step of steps.reverse()) await api.call('PUT', '/policy-set', step);
}
