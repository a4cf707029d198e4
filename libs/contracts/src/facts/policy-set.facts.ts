import { isDeepStrictEqual } from 'node:util';
import { z } from 'zod';
import type { AggregateType, Fact } from '#libs/events';
import { token } from '../ids.ts';

/** The one aggregate of this type, per tenant: see ADR-0011. */
export const POLICY_SET_ID = 'main';
/** As in Entra ID. */
export const MAX_POLICIES = 195;
export const MAX_LOCATIONS = 195;

export const policyId = token.brand<'PolicyId'>();
export type PolicyId = z.infer<typeof policyId>;
export const locationId = token.brand<'LocationId'>();
export type LocationId = z.infer<typeof locationId>;

/** Ids of users, groups or directory roles, as the directory gives them. */
const directoryIds = z.array(z.string().trim().min(1).max(128)).max(500).default([]);
const people = z.strictObject({
  users: directoryIds,
  /** Members of nested groups count: the directory lists them in the token. */
  groups: directoryIds,
  /** Directory role template ids. */
  directoryRoles: directoryIds,
  guests: z.boolean().default(false),
});

export const platform = z.enum(['android', 'ios', 'windows', 'macos', 'linux', 'chromeos']);
export type Platform = z.infer<typeof platform>;
export const deviceState = z.enum(['compliant', 'joined', 'flagged', 'unregistered']);
export type DeviceState = z.infer<typeof deviceState>;
/** `machine`: a program on its own behalf, by an app-only or a service token; `native`: one on behalf of a user. */
export const clientKind = z.enum(['browser', 'native', 'machine']);
export type ClientKind = z.infer<typeof clientKind>;
export const riskLevel = z.enum(['none', 'low', 'medium', 'high']);
export type RiskLevel = z.infer<typeof riskLevel>;
/** 1 is Monday (ISO 8601). */
const weekday = z.number().int().min(1).max(7);
const timeOfDay = z.string().regex(/^([01]\d|2[0-3]):[0-5]\d$/, 'expected a time of day, 00:00 to 23:59');
/** `24:00`: the end of the day, so that a whole one is one window. */
const endOfWindow = z.string().regex(/^(([01]\d|2[0-3]):[0-5]\d|24:00)$/, 'expected a time of day, 00:00 to 24:00');

/** `all`: everything. `trusted`: all locations marked so. `unknown`: the address is in no location, and of no known country. */
const locationChoice = z.union([z.enum(['all', 'trusted', 'unknown']), locationId]);

/** Each one that is given must be met for the policy to apply. */
const conditions = z.strictObject({
  locations: z
    .strictObject({
      include: z.array(locationChoice).min(1).max(200),
      exclude: z.array(locationChoice).max(200).default([]),
    })
    .optional(),
  platforms: z
    .strictObject({
      include: z.union([z.literal('all'), z.array(platform).min(1).max(6)]),
      exclude: z.array(platform).max(6).default([]),
    })
    .optional(),
  deviceStates: z.array(deviceState).min(1).max(4).optional(),
  clientKinds: z.array(clientKind).min(1).max(3).optional(),
  signInRisk: z.array(riskLevel).min(1).max(4).optional(),
  userRisk: z.array(riskLevel).min(1).max(4).optional(),
  /** Windows of local time; one that ends before it begins crosses midnight and counts for the day it begins on. */
  times: z
    .strictObject({
      timeZone: z.string().min(1).max(64),
      windows: z
        .array(z.strictObject({ days: z.array(weekday).min(1).max(7), from: timeOfDay, until: endOfWindow }))
        .min(1)
        .max(20),
    })
    .optional(),
});

const grantControl = z.discriminatedUnion('kind', [
  /** An authentication context, judged by the `acrs` claim. */
  z.strictObject({
    kind: z.literal('authentication-strength'),
    context: z.string().regex(/^c([1-9]|[1-9]\d)$/, 'expected an authentication context, c1 to c99'),
  }),
  z.strictObject({ kind: z.literal('compliant-device') }),
  /** A sign-in that is at most this old. */
  z.strictObject({ kind: z.literal('reauthentication'), maxAgeMinutes: z.number().int().min(5).max(525_600) }),
]);
export type GrantControl = z.infer<typeof grantControl>;

const grant = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('block') }),
  z.strictObject({
    kind: z.literal('require'),
    operator: z.enum(['all', 'any']).default('all'),
    controls: z.array(grantControl).min(1).max(10),
  }),
  /** Only the session controls count. */
  z.strictObject({ kind: z.literal('allow') }),
]);

const sessionControls = z.strictObject({
  /** Sign in again when the last sign-in is older, minutes. */
  signInFrequencyMinutes: z.number().int().min(5).max(525_600).optional(),
  persistentBrowser: z.enum(['always', 'never']).optional(),
  /** The session ends this long after its sign-in, minutes. */
  maxSessionMinutes: z.number().int().min(5).max(525_600).optional(),
  /** The session is good at the network it began in only. */
  bindToNetwork: z.boolean().optional(),
});
export type SessionControls = z.infer<typeof sessionControls>;

/** One conditional access policy, as an admin writes it. */
export const accessPolicy = z.strictObject({
  id: policyId,
  name: z.string().trim().min(1).max(120),
  state: z.enum(['off', 'report-only', 'on']),
  assignments: z.strictObject({
    users: z.strictObject({
      include: z.union([z.literal('all'), people]),
      exclude: people.default({ users: [], groups: [], directoryRoles: [], guests: false }),
    }),
    apps: z.strictObject({
      include: z.union([z.literal('all'), z.array(token).min(1).max(500)]),
      exclude: z.array(token).max(500).default([]),
    }),
  }),
  conditions: conditions.default({}),
  grant,
  session: sessionControls.default({}),
});
export type AccessPolicy = z.infer<typeof accessPolicy>;

/** Address ranges in CIDR notation, countries by ISO 3166-1 alpha-2. */
export const namedLocation = z.strictObject({
  id: locationId,
  name: z.string().trim().min(1).max(120),
  isTrusted: z.boolean().default(false),
  ranges: z
    .array(z.union([z.cidrv4(), z.cidrv6()]))
    .max(2000)
    .default([]),
  countries: z
    .array(z.string().regex(/^[A-Z]{2}$/, 'expected a country code of two capital letters'))
    .max(249)
    .default([]),
});
export type NamedLocation = z.infer<typeof namedLocation>;

const isForced = z.boolean();
const policyPut = z.object({ policy: accessPolicy, isForced });
const policyRemoved = z.object({ policyId });
const locationPut = z.object({ location: namedLocation, isForced });
/** `isForced`: absent unless it is true, and in what earlier versions wrote. */
const locationRemoved = z.object({ locationId, isForced: isForced.optional() });

/** All there is from now on: one fact for more changes than a commit takes facts. */
const replaced = z.object({
  policies: z.array(accessPolicy).max(MAX_POLICIES),
  locations: z.array(namedLocation).max(MAX_LOCATIONS),
  isForced,
});

export type PolicySetFact =
  | Fact<'AccessPolicyPut', z.infer<typeof policyPut>>
  | Fact<'AccessPolicyRemoved', z.infer<typeof policyRemoved>>
  | Fact<'NamedLocationPut', z.infer<typeof locationPut>>
  | Fact<'NamedLocationRemoved', z.infer<typeof locationRemoved>>
  | Fact<'PolicySetReplaced', z.infer<typeof replaced>>;

export const policySetAggregate: AggregateType<PolicySetFact> = {
  context: 'auth',
  thing: 'policy-set',
  facts: {
    AccessPolicyPut: { version: 1, schema: policyPut },
    AccessPolicyRemoved: { version: 1, schema: policyRemoved },
    NamedLocationPut: { version: 1, schema: locationPut },
    NamedLocationRemoved: { version: 1, schema: locationRemoved },
    PolicySetReplaced: { version: 1, schema: replaced },
  },
};

/** `version`: number of the change of the set that gave it this text. It never comes back, also when an id is used again. */
export type Versioned<Document> = { readonly version: number; readonly document: Document };

export type PolicySetState = {
  /** How often the set has changed. */
  readonly changes: number;
  /** In the order in which they were first put. */
  readonly policies: readonly Versioned<AccessPolicy>[];
  readonly locations: readonly Versioned<NamedLocation>[];
};

export const initialPolicySetState: PolicySetState = { changes: 0, policies: [], locations: [] };

export function evolvePolicySet(state: PolicySetState, fact: PolicySetFact): PolicySetState {
  const changes = state.changes + 1;
  const { policies, locations } = state;
  switch (fact.type) {
    case 'AccessPolicyPut':
      return { changes, locations, policies: put(policies, { version: changes, document: fact.data.policy }) };
    case 'AccessPolicyRemoved':
      return { changes, locations, policies: without(policies, fact.data.policyId) };
    case 'NamedLocationPut':
      return { changes, policies, locations: put(locations, { version: changes, document: fact.data.location }) };
    case 'NamedLocationRemoved':
      return { changes, policies, locations: without(locations, fact.data.locationId) };
    case 'PolicySetReplaced':
      return {
        changes,
        policies: replace(policies, fact.data.policies, changes),
        locations: replace(locations, fact.data.locations, changes),
      };
    default:
      return fact satisfies never;
  }
}

type Named = { readonly id: string };

function put<Document extends Named>(
  all: readonly Versioned<Document>[],
  item: Versioned<Document>,
): readonly Versioned<Document>[] {
  if (!all.some(({ document }) => document.id === item.document.id)) return [...all, item];
  return all.map((known) => (known.document.id === item.document.id ? item : known));
}

/** What has not changed keeps its version, and all that stays its place. */
function replace<Document extends Named>(
  all: readonly Versioned<Document>[],
  wanted: readonly Document[],
  version: number,
): readonly Versioned<Document>[] {
  const stays = all.filter(({ document }) => wanted.some(({ id }) => id === document.id));
  return wanted.reduce((items: readonly Versioned<Document>[], document) => {
    const known = items.find((item) => item.document.id === document.id);
    return known !== undefined && isDeepStrictEqual(known.document, document)
      ? items
      : put(items, { version, document });
  }, stays);
}

function without<Document extends Named>(
  all: readonly Versioned<Document>[],
  id: string,
): readonly Versioned<Document>[] {
  return all.filter(({ document }) => document.id !== id);
}
