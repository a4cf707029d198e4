import { type AccessPolicy, MAX_LOCATIONS, MAX_POLICIES, type NamedLocation } from '#libs/contracts';
import { type ErrorDetails, SallyportError } from '#libs/errors';

/** JSON of all policies and locations: a set must fit in one request of the admin API, which takes 256 KiB. */
export const MAX_POLICY_SET_BYTES = 240 * 1024;

export type Documents = {
  readonly policies: readonly AccessPolicy[];
  readonly locations: readonly NamedLocation[];
};

/** Of JSON values, whatever the order of their fields. */
export function isSameDocument(one: unknown, other: unknown): boolean {
  if (typeof one !== 'object' || typeof other !== 'object' || one === null || other === null) return one === other;
  if (Array.isArray(one) !== Array.isArray(other)) return false;
  const others = new Map<string, unknown>(Object.entries(other));
  const entries = Object.entries(one);
  return entries.length === others.size && entries.every(([key, value]) => isSameDocument(value, others.get(key)));
}

export type PolicySetErrorCode =
  | 'ERR_POLICY_ABSENT'
  | 'ERR_POLICY_DUPLICATE_ID'
  | 'ERR_POLICY_LOCKOUT'
  | 'ERR_POLICY_NAME_TAKEN'
  | 'ERR_POLICY_SET_TOO_LARGE'
  | 'ERR_POLICY_STALE_VERSION'
  | 'ERR_POLICY_TIME_ZONE'
  | 'ERR_POLICY_TOO_MANY'
  | 'ERR_LOCATION_ABSENT'
  | 'ERR_LOCATION_DUPLICATE_ID'
  | 'ERR_LOCATION_ID_RESERVED'
  | 'ERR_LOCATION_IN_USE'
  | 'ERR_LOCATION_NAME_TAKEN'
  | 'ERR_LOCATION_TOO_MANY'
  | 'ERR_LOCATION_UNKNOWN';

/** What a change of the policy set is refused for: always shown, for the one who made it can mend it. */
export function policySetError(code: PolicySetErrorCode, message: string, details: ErrorDetails): SallyportError {
  return new SallyportError(code, message, { expose: true, details });
}

export function quoted(text: string): string {
  return JSON.stringify(text.slice(0, 120));
}

/** Words of `conditions.locations` that are no ids. */
const RESERVED_LOCATION_IDS: readonly string[] = ['all', 'trusted', 'unknown'];

/**
 * Everything a set must hold to as a whole, whatever change leads there.
 * Errors: ERR_POLICY_TOO_MANY, ERR_POLICY_DUPLICATE_ID, ERR_POLICY_NAME_TAKEN, ERR_POLICY_TIME_ZONE, the same of locations,
 * ERR_LOCATION_ID_RESERVED, ERR_LOCATION_IN_USE, ERR_LOCATION_UNKNOWN, ERR_POLICY_SET_TOO_LARGE.
 */
export function requireSoundSet(wanted: Documents, before: Documents): void {
  requireFewer('ERR_POLICY_TOO_MANY', 'policies', wanted.policies.length, MAX_POLICIES);
  requireFewer('ERR_LOCATION_TOO_MANY', 'locations', wanted.locations.length, MAX_LOCATIONS);
  requireDistinct('policy', wanted.policies);
  requireDistinct('location', wanted.locations);
  for (const { id } of wanted.locations) requireOwnId(id);
  for (const policy of wanted.policies) {
    requireLocations(policy, wanted, before);
    requireTimeZone(policy);
  }
  requireSize(wanted);
}

function requireFewer(
  code: 'ERR_POLICY_TOO_MANY' | 'ERR_LOCATION_TOO_MANY',
  what: string,
  count: number,
  max: number,
): void {
  if (count <= max) return;
  throw policySetError(code, `there would be ${count} ${what}, at most ${max} are taken: merge or remove some first`, {
    count,
    max,
  });
}

function requireDistinct(
  what: 'policy' | 'location',
  all: readonly { readonly id: string; readonly name: string }[],
): void {
  const ids = new Set<string>();
  const idsByName = new Map<string, string>();
  for (const { id, name } of all) {
    if (ids.has(id)) {
      const code = what === 'policy' ? 'ERR_POLICY_DUPLICATE_ID' : 'ERR_LOCATION_DUPLICATE_ID';
      throw policySetError(code, `id ${quoted(id)} is given to two ${pluralOf(what)}: give each one of its own`, {
        id,
      });
    }
    ids.add(id);
    const key = name.normalize('NFC').toLowerCase();
    const holder = idsByName.get(key);
    if (holder !== undefined) {
      const code = what === 'policy' ? 'ERR_POLICY_NAME_TAKEN' : 'ERR_LOCATION_NAME_TAKEN';
      const text = `name ${quoted(name)} is that of ${pluralOf(what)} ${quoted(holder)} and ${quoted(id)}: rename one`;
      throw policySetError(code, text, { name, ids: [holder, id] });
    }
    idsByName.set(key, id);
  }
}

function pluralOf(what: 'policy' | 'location'): string {
  return what === 'policy' ? 'policies' : 'locations';
}

function requireOwnId(id: string): void {
  if (!RESERVED_LOCATION_IDS.includes(id)) return;
  const text = `location id ${quoted(id)} is a word of the conditions (all, trusted, unknown): choose another id`;
  throw policySetError('ERR_LOCATION_ID_RESERVED', text, { id });
}

function requireLocations(policy: AccessPolicy, wanted: Documents, before: Documents): void {
  const { include = [], exclude = [] } = policy.conditions.locations ?? {};
  for (const id of [...include, ...exclude]) {
    if (RESERVED_LOCATION_IDS.includes(id) || wanted.locations.some((one) => one.id === id)) continue;
    if (before.locations.some((one) => one.id === id)) throw inUse(id, wanted.policies);
    throw policySetError(
      'ERR_LOCATION_UNKNOWN',
      `policy ${quoted(policy.name)} names location ${quoted(id)}, which does not exist: add it first, or name one there is`,
      { policy: policy.id, location: id },
    );
  }
}

function inUse(id: string, policies: readonly AccessPolicy[]): SallyportError {
  const users = policies.filter(({ conditions: { locations } }) =>
    [...(locations?.include ?? []), ...(locations?.exclude ?? [])].some((one) => one === id),
  );
  return policySetError(
    'ERR_LOCATION_IN_USE',
    `location ${quoted(id)} is used by ${users.map(({ name }) => quoted(name)).join(', ')}: change these policies first`,
    { location: id, policies: users.map((one) => one.id) },
  );
}

function requireTimeZone({ id, name, conditions: { times } }: AccessPolicy): void {
  if (times === undefined) return;
  try {
    new Intl.DateTimeFormat('en', { timeZone: times.timeZone });
  } catch {
    // A RangeError: the runtime does not know the zone, and neither would the evaluation.
    throw policySetError(
      'ERR_POLICY_TIME_ZONE',
      `policy ${quoted(name)} names time zone ${quoted(times.timeZone)}, which is not known: name one such as Europe/Rome`,
      { policy: id, timeZone: times.timeZone },
    );
  }
}

function requireSize(wanted: Documents): void {
  const bytes = Buffer.byteLength(JSON.stringify(wanted));
  if (bytes <= MAX_POLICY_SET_BYTES) return;
  throw policySetError(
    'ERR_POLICY_SET_TOO_LARGE',
    `policies and locations would be ${bytes} bytes of JSON, at most ${MAX_POLICY_SET_BYTES} are taken: name groups in place of users, and wider address ranges`,
    { bytes, max: MAX_POLICY_SET_BYTES },
  );
}
