import { z } from 'zod';
import type { AggregateType, Fact } from '#libs/events';
import { appId } from '../ids.ts';
import { deviceState, riskLevel } from './policy-set.facts.ts';

const claimText = z.string().max(1024);
/** Names of further claims kept of one person. */
export const MAX_KEPT_CLAIMS = 32;

/** Who signed in. `subject` is the stable directory id (Entra `oid`), unique together with `directoryTenant` (`tid`). */
export const principal = z.object({
  subject: z.string().min(1).max(128),
  directoryTenant: z.string().max(128),
  username: z.string().max(320),
  name: z.string().max(320),
  email: z.string().max(320).nullable(),
  groups: z.array(z.string().max(128)).max(1000),
  /** The identity provider does not list all groups, or none where nobody says that it would: unknown. Read groups by `groupsOf`. */
  groupsOverage: z.literal(true).optional(),
  /** App roles (Entra `roles`). */
  roles: z.array(z.string().max(128)).max(200),
  /** Directory role template ids (Entra `wids`). */
  directoryRoles: z.array(z.string().max(128)).max(200),
  /** The identity provider does not say which directory roles: unknown. Read them by `directoryRolesOf`. */
  directoryRolesUnknown: z.literal(true).optional(),
  /** Of another directory (Entra `acct`); absent: the identity provider does not say. */
  isGuest: z.boolean().optional(),
  /** Further claims that the configuration keeps (`keepClaims`), by name; for headers of origins. */
  claims: z.record(z.string().max(128), z.union([claimText, z.array(claimText).max(200)])).optional(),
});
export type Principal = z.infer<typeof principal>;

/** The groups somebody is in; null: unknown, which is never the same as none. */
export function groupsOf({ groups, groupsOverage }: Principal): readonly string[] | null {
  return groupsOverage === true ? null : groups;
}

/** The directory roles somebody has; null: unknown, which is never the same as none. */
export function directoryRolesOf({ directoryRoles, directoryRolesUnknown }: Principal): readonly string[] | null {
  return directoryRolesUnknown === true ? null : directoryRoles;
}

const started = z.object({
  principal,
  identityProvider: z.string().max(400),
  authenticationContexts: z.array(z.string().max(16)).max(128),
  authenticatedAt: z.iso.datetime(),
  /** The identity provider did not say when: `authenticatedAt` is when the session began. Read it by `signedInAtMs`. */
  authenticatedAtUnknown: z.literal(true).optional(),
  /** When this session began; the sign-in may be older. Absent in what an earlier version recorded. */
  startedAt: z.iso.datetime().optional(),
  expiresAt: z.iso.datetime(),
  address: z.string().max(64),
  userAgent: z.string().max(400),
  /** Id of the configured identity provider. Absent: the first. */
  providerId: z.string().max(32).optional(),
  /** `sid` of the ID token, by which a logout token may name the session (OpenID Connect Back-Channel Logout 1.0). */
  providerSessionId: z.string().max(256).optional(),
  /** `sub` of the ID token: Entra's is another than `oid`. */
  providerSubject: z.string().max(256).optional(),
  /** The browser, by a cookie of the sign-in host that outlives sessions. */
  deviceId: z.string().max(64).optional(),
  /** What the identity provider says of the device; absent: nothing. */
  deviceStates: z.array(deviceState).max(4).optional(),
  /** As auth sealed it, see `refreshed`. Absent: the session is not refreshed. */
  refreshToken: z.string().max(8192).optional(),
  /** See `appAccessOpened`; of the session that this one goes on from. */
  otherAddress: z.string().max(64).optional(),
  /** Of the session that this one goes on from. Absent: nobody has judged it. */
  signInRisk: riskLevel.optional(),
});

const appAccessOpened = z.object({
  appId,
  ticketId: z.string().max(64),
  /**
   * Where the same sign-in reached the app's host, when that was by the other IP family than the sign-in host: the session began at both.
   * In the first opening of a session only.
   */
  otherAddress: z.string().max(64).optional(),
});
const lease = z.object({ attemptId: z.string().max(64), until: z.iso.datetime() });
/** Once used, a refresh token that rotates is worth nothing: the next one stands here, sealed. */
const refreshed = z.object({
  attemptId: z.string().max(64),
  principal,
  refreshToken: z.string().max(8192),
  /** Absent: the identity provider did not say, and what it said before stays. */
  deviceStates: z.array(deviceState).max(4).optional(),
  at: z.iso.datetime(),
});
const refreshFailed = z.object({
  attemptId: z.string().max(64),
  reason: z.string().max(64),
  /** The answer confirmed nobody, but brought the next one, sealed. Absent: the one before stays. */
  refreshToken: z.string().max(8192).optional(),
  /** Absent where the provider was not asked, and in what an earlier version recorded: the grace does not begin by that. */
  at: z.iso.datetime().optional(),
});
export const sessionEndReason = z.enum([
  'signed-out',
  'revoked',
  'replaced',
  /** An administrator, or the identity provider, disabled the user. */
  'user-disabled',
  /** The identity provider said so (back-channel or front-channel logout). */
  'provider-signed-out',
  /** The identity provider does not take the refresh token any more. */
  'refresh-refused',
  /** The identity provider did not confirm it for longer than `refreshGraceMinutes`, though it was asked. */
  'unconfirmed',
  /** It opened apps so often that its history would become too long to be read. */
  'too-many-openings',
  /** The person has more sessions than anybody may have; this was the oldest. */
  'too-many-sessions',
]);
export type SessionEndReason = z.infer<typeof sessionEndReason>;

/**
 * When somebody proved who they are, milliseconds since the epoch. Nobody says so: 0, which is older than any policy allows. Only
 * the beginning of a session is known then, and a session at the identity provider may be far older.
 */
export function signedInAtMs(session: {
  readonly authenticatedAt: string;
  readonly authenticatedAtUnknown?: true | undefined;
}): number {
  return session.authenticatedAtUnknown === true ? 0 : Date.parse(session.authenticatedAt);
}

export type UserSessionFact =
  | Fact<'SessionStarted', z.infer<typeof started>>
  | Fact<'AppAccessOpened', z.infer<typeof appAccessOpened>>
  /** One instance may use the refresh token until the instant; written with the expected revision, so no other one does. */
  | Fact<'SessionRefreshStarted', z.infer<typeof lease>>
  | Fact<'SessionRefreshed', z.infer<typeof refreshed>>
  /** The provider could not be asked, or answered nonsense; the session goes on as it is. */
  | Fact<'SessionRefreshFailed', z.infer<typeof refreshFailed>>
  | Fact<'SignInRiskChanged', { readonly level: z.infer<typeof riskLevel>; readonly detail: string }>
  | Fact<'SessionEnded', { readonly reason: SessionEndReason }>;

export const userSessionAggregate: AggregateType<UserSessionFact> = {
  context: 'auth',
  thing: 'user-session',
  facts: {
    SessionStarted: { version: 1, schema: started },
    AppAccessOpened: { version: 1, schema: appAccessOpened },
    SessionRefreshStarted: { version: 1, schema: lease },
    SessionRefreshed: { version: 1, schema: refreshed },
    SessionRefreshFailed: { version: 1, schema: refreshFailed },
    SignInRiskChanged: { version: 1, schema: z.object({ level: riskLevel, detail: z.string().max(400) }) },
    SessionEnded: { version: 1, schema: z.object({ reason: sessionEndReason }) },
  },
};

type Started = z.infer<typeof started> & {
  readonly apps: readonly string[];
  readonly usedTickets: readonly string[];
  /** How often it opened an app. Absent: never. */
  readonly openings?: number;
  /** When the identity provider last confirmed the session, ISO-8601 UTC; absent: at its start. */
  readonly refreshedAt?: string;
  /** First attempt to confirm it since then that failed, ISO-8601 UTC; absent: none did. */
  readonly failingSince?: string;
  /** Whoever holds it may use the refresh token. Absent: nobody does. */
  readonly refreshLease?: z.infer<typeof lease>;
};

export type UserSessionState =
  | { readonly status: 'absent' }
  | ({ readonly status: 'active' } & Started)
  | ({ readonly status: 'ended'; readonly reason: string } & Started);

export const initialUserSessionState: UserSessionState = { status: 'absent' };

/** Tickets live 60 s, so the newest 50 are enough to refuse a second use. */
export const MAX_REMEMBERED_TICKETS = 50;

export function evolveUserSession(state: UserSessionState, fact: UserSessionFact): UserSessionState {
  if (fact.type === 'SessionStarted') return { status: 'active', ...fact.data, apps: [], usedTickets: [] };
  if (state.status === 'absent') return state;
  switch (fact.type) {
    case 'AppAccessOpened': {
      const { appId: opened, ticketId, otherAddress } = fact.data;
      const apps = state.apps.includes(opened) ? state.apps : [...state.apps, opened];
      const usedTickets = [...state.usedTickets, ticketId].slice(-MAX_REMEMBERED_TICKETS);
      const openings = (state.openings ?? 0) + 1;
      return { ...state, apps, usedTickets, openings, ...(otherAddress === undefined ? {} : { otherAddress }) };
    }
    case 'SessionRefreshStarted':
      return { ...state, refreshLease: fact.data };
    case 'SessionRefreshed': {
      const { refreshLease: _lease, failingSince: _failing, ...rest } = state;
      const { principal: person, refreshToken, deviceStates, at } = fact.data;
      const device = deviceStates === undefined ? {} : { deviceStates };
      return { ...rest, ...device, principal: person, refreshToken, refreshedAt: at };
    }
    case 'SessionRefreshFailed': {
      const { refreshLease: _lease, ...rest } = state;
      const { refreshToken, at } = fact.data;
      const failingSince = state.failingSince ?? at;
      return {
        ...rest,
        ...(refreshToken === undefined ? {} : { refreshToken }),
        ...(failingSince === undefined ? {} : { failingSince }),
      };
    }
    case 'SignInRiskChanged':
      return { ...state, signInRisk: fact.data.level };
    case 'SessionEnded':
      return { ...state, status: 'ended', reason: fact.data.reason };
    default:
      return fact satisfies never;
  }
}
