import fc from 'fast-check';
import type { AccessInputs } from '#libs/conditional-access';
import type { AccessPolicy, DeviceState, NamedLocation } from '#libs/contracts';
import { inputs, location, policy } from './policy-sets.ts';

/*
 * Small worlds: few names, so that policies and inputs meet often.
 */

const some = <Value>(...values: Value[]) => fc.subarray(values);
const oneOrMore = <Value>(...values: Value[]) => fc.subarray(values, { minLength: 1 });
const optional = <Value>(arbitrary: fc.Arbitrary<Value>) => fc.option(arbitrary, { nil: undefined });

const people = fc.record({
  users: some('ada', 'bob'),
  groups: some('staff', 'ops'),
  directoryRoles: some('admin', 'helpdesk'),
  guests: fc.boolean(),
});
const place = ['all', 'trusted', 'unknown', 'office', 'lab', 'north', 'gone'] as const;
const minutes = fc.integer({ min: 5, max: 300 });
const risks = oneOrMore('none', 'low', 'medium', 'high');
const timeOfDay = fc
  .integer({ min: 0, max: 95 })
  .map(
    (quarter) => `${String(Math.floor(quarter / 4)).padStart(2, '0')}:${String((quarter % 4) * 15).padStart(2, '0')}`,
  );
const zones = ['UTC', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kathmandu', 'Nowhere/Land'];
const times = fc.record({
  timeZone: fc.constantFrom(...zones),
  windows: fc.array(fc.record({ days: oneOrMore(1, 2, 3, 4, 5, 6, 7), from: timeOfDay, until: timeOfDay }), {
    minLength: 1,
    maxLength: 3,
  }),
});
const control = fc.oneof(
  fc.record({ kind: fc.constant('authentication-strength'), context: fc.constantFrom('c1', 'c2', 'c3') }),
  fc.constant({ kind: 'compliant-device' }),
  fc.record({ kind: fc.constant('reauthentication'), maxAgeMinutes: minutes }),
);
const grant = fc.oneof(
  { weight: 1, arbitrary: fc.constant({ kind: 'block' }) },
  { weight: 1, arbitrary: fc.constant({ kind: 'allow' }) },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant('require'),
      operator: fc.constantFrom('all', 'any'),
      controls: fc.array(control, { minLength: 1, maxLength: 3 }),
    }),
  },
);
const conditions = fc.record({
  locations: optional(fc.record({ include: oneOrMore(...place), exclude: some(...place) })),
  platforms: optional(
    fc.record({ include: fc.oneof(fc.constant('all'), oneOrMore('ios', 'linux')), exclude: some('ios', 'linux') }),
  ),
  deviceStates: optional(oneOrMore('compliant', 'joined', 'flagged', 'unregistered')),
  clientKinds: optional(oneOrMore('browser', 'native')),
  signInRisk: optional(risks),
  userRisk: optional(risks),
  times: optional(times),
});
const session = fc.record({
  signInFrequencyMinutes: optional(minutes),
  persistentBrowser: optional(fc.constantFrom('always', 'never')),
  maxSessionMinutes: optional(minutes),
  bindToNetwork: optional(fc.boolean()),
});
const users = fc.record({ include: fc.oneof(fc.constant('all'), people), exclude: optional(people) });
const apps = fc.record({
  include: fc.oneof(fc.constant('all'), oneOrMore('wiki', 'mail')),
  exclude: fc.oneof({ weight: 4, arbitrary: fc.constant([]) }, some('wiki', 'mail')),
});

function withoutUndefined(value: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined));
}

/** Every kind of policy that the schema takes. */
export const anyPolicy: fc.Arbitrary<AccessPolicy> = fc
  .record({
    id: fc.constantFrom(...Array.from({ length: 12 }, (_, index) => `p${index}`)),
    state: fc.oneof({ weight: 5, arbitrary: fc.constant('on') }, fc.constantFrom('off', 'report-only')),
    users,
    apps,
    conditions: fc.oneof(fc.constant({}), conditions),
    grant,
    session: fc.oneof(fc.constant({}), session),
  })
  .map(({ users: who, apps: which, conditions: given, session: rules, ...rest }) =>
    policy({
      ...rest,
      assignments: { users: withoutUndefined(who), apps: which },
      conditions: withoutUndefined(given),
      session: withoutUndefined(rules),
    }),
  );

/** No two of the same id. */
export const anyPolicies = fc.uniqueArray(anyPolicy, { selector: ({ id }) => id, maxLength: 6 });

export const locations: readonly NamedLocation[] = [
  location({ id: 'office', isTrusted: true, ranges: ['192.0.2.0/24', '2001:db8::/48'] }),
  location({ id: 'lab', ranges: ['192.0.2.128/25'], countries: ['SE'] }),
  location({ id: 'north', ranges: [], countries: ['NO', 'SE'] }),
];

const addresses = ['192.0.2.7', '192.0.2.200', '198.51.100.1', '2001:db8::1', '2001:db8:0:0:9::1', '::ffff:192.0.2.7'];
const epochMs = Date.UTC(2026, 2, 20);
const orNull = <Value>(arbitrary: fc.Arbitrary<Value>) => fc.option(arbitrary, { nil: null, freq: 6 });
const ageMs = fc.integer({ min: -600_000, max: 36_000_000 });

/** What auth may know: instants around the days on which summer time begins, down to the millisecond. */
export const anyInputs: fc.Arbitrary<AccessInputs> = fc
  .record({
    nowMs: fc.integer({ min: epochMs, max: epochMs + 30 * 86_400_000 }),
    signInAgeMs: ageMs,
    sessionAgeMs: ageMs,
    appId: fc.constantFrom('wiki', 'mail', 'portal'),
    subject: fc.constantFrom('ada', 'bob', 'eve'),
    groups: orNull(some('staff', 'ops', 'others')),
    directoryRoles: orNull(some('admin', 'helpdesk')),
    isGuest: orNull(fc.boolean()),
    authenticationContexts: some('c1', 'c2', 'c3'),
    address: fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...addresses) }, fc.string()),
    sessionAddress: fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...addresses) }, fc.string()),
    otherSessionAddress: fc.oneof(
      { weight: 3, arbitrary: fc.constant(undefined) },
      { weight: 3, arbitrary: fc.constantFrom(...addresses) },
      fc.string(),
    ),
    country: orNull(fc.constantFrom('NO', 'SE', 'DE', 'unknown')),
    platform: orNull(fc.constantFrom('ios', 'linux', 'windows')),
    deviceStates: orNull(some<DeviceState>('compliant', 'joined', 'flagged', 'unregistered')),
    clientKind: orNull(fc.constantFrom('browser', 'native')),
    signInRisk: orNull(fc.constantFrom('none', 'low', 'medium', 'high')),
    userRisk: orNull(fc.constantFrom('none', 'low', 'medium', 'high')),
  })
  .map(({ signInAgeMs, sessionAgeMs, ...rest }) =>
    inputs({ ...rest, authenticatedAtMs: rest.nowMs - signInAgeMs, sessionStartedAtMs: rest.nowMs - sessionAgeMs }),
  );

/** Texts, numbers and lists as nobody would send them on purpose. */
export const hostileInputs: fc.Arbitrary<AccessInputs> = fc
  .record({
    base: anyInputs,
    nowMs: fc.double(),
    authenticatedAtMs: fc.double(),
    sessionStartedAtMs: fc.double(),
    address: fc.oneof(fc.ipV4(), fc.ipV6(), fc.string({ unit: 'binary', maxLength: 200 })),
    sessionAddress: fc.oneof(fc.ipV4(), fc.ipV6(), fc.string({ unit: 'binary', maxLength: 200 })),
    country: fc.string(),
    subject: fc.constantFrom('__proto__', 'constructor', ''),
    groups: fc.array(fc.string()),
    authenticationContexts: fc.array(fc.string()),
  })
  .map(({ base, ...rest }) => ({ ...base, ...rest }));
