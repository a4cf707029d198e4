import { z } from 'zod';
import type { AggregateType, Fact } from '#libs/events';
import { appId } from '../ids.ts';

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
  expiresAt: z.iso.datetime(),
  address: z.string().max(64),
  userAgent: z.string().max(400),
});

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
  | Fact<'AppAccessOpened', { readonly appId: z.infer<typeof appId>; readonly ticketId: string }>
  | Fact<'SessionEnded', { readonly reason: 'signed-out' | 'revoked' | 'replaced' }>;

export const userSessionAggregate: AggregateType<UserSessionFact> = {
  context: 'auth',
  thing: 'user-session',
  facts: {
    SessionStarted: { version: 1, schema: started },
    AppAccessOpened: { version: 1, schema: z.object({ appId, ticketId: z.string().max(64) }) },
    SessionEnded: { version: 1, schema: z.object({ reason: z.enum(['signed-out', 'revoked', 'replaced']) }) },
  },
};

type Started = z.infer<typeof started> & { readonly apps: readonly string[]; readonly usedTickets: readonly string[] };

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
      const apps = state.apps.includes(fact.data.appId) ? state.apps : [...state.apps, fact.data.appId];
      return { ...state, apps, usedTickets: [...state.usedTickets, fact.data.ticketId].slice(-MAX_REMEMBERED_TICKETS) };
    }
    case 'SessionEnded':
      return { ...state, status: 'ended', reason: fact.data.reason };
    default:
      return fact satisfies never;
  }
}
