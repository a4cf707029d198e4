import { setTimeout as wait } from 'node:timers/promises';
import {
  appAggregate,
  policySetAggregate,
  type RefusalFact,
  serviceTokenAggregate,
  type UserSessionFact,
  userAggregate,
  userSessionAggregate,
} from '#libs/contracts';
import { type EventStore, type FactOf, InMemoryEventStore } from '#libs/events';
import { metadataOf } from '#libs/events/testing';
import { createLogger } from '#libs/telemetry';
import type {
  IdentityProvider,
  LogoutToken,
} from '../../../../services/auth/src/identity-provider/identity-provider.ts';
import {
  type ConfiguredProvider,
  IdentityProviders,
} from '../../../../services/auth/src/identity-provider/providers.ts';
import { LiveState, type Revocation } from '../../../../services/auth/src/user-session/live-state.ts';
import { createUserSessions, type UserSessions } from '../../../../services/auth/src/user-session/user-sessions.ts';

export const TENANT = 'default';
export const ENTRA = 'https://login.microsoftonline.com/tid/v2.0';
export const OTHER = 'https://idp.example';
const LATER = '2099-01-01T00:00:00.000Z';

type Started = FactOf<UserSessionFact, 'SessionStarted'>['data'];

export type PeopleWorld = {
  readonly store: EventStore;
  readonly live: LiveState;
  readonly tenant: string;
  readonly nowMs: () => number;
  /** May be replaced, by one that fails. */
  userSessions: UserSessions;
  readonly providers: IdentityProviders;
  readonly refusals: { record(fact: RefusalFact): Promise<void>; stop(): void };
  readonly refused: RefusalFact[];
  readonly revocations: Revocation[];
  /** Milliseconds until a commit reaches the live state. */
  readonly delay: { ms: number };
  /** How often the live state read the store. */
  readonly reads: { count: number };
  /** Starts a session of `subject`. */
  session(
    id: string,
    subject: string,
    change?: Partial<Started>,
    options?: { readonly isAwaited: boolean },
  ): Promise<void>;
  status(id: string): Promise<string>;
  stop(): Promise<void>;
};

/** What knows the people of auth, in memory: two providers, the second an OpenID provider whose logout tokens are `checkLogoutToken`'s. */
export async function startPeopleWorld(
  options: { readonly maxSessions?: number; readonly checkLogoutToken?: (token: string) => Promise<LogoutToken> } = {},
): Promise<PeopleWorld> {
  const types = [appAggregate, userSessionAggregate, policySetAggregate, userAggregate, serviceTokenAggregate];
  const store = new InMemoryEventStore({ types });
  const delay = { ms: 0 };
  const reads = { count: 0 };
  const logger = createLogger({ service: 'spec', write: () => undefined });
  const nowMs = Date.now;
  const revocations: Revocation[] = [];
  const live = await LiveState.start({
    store: followedLate(store, delay, reads),
    tenant: TENANT,
    logger,
    nowMs,
    onRevocation: (one) => revocations.push(one),
    ...(options.maxSessions === undefined ? {} : { maxSessions: options.maxSessions }),
  });
  const refused: RefusalFact[] = [];
  const check = options.checkLogoutToken;
  const none = () => Promise.reject(new Error('not asked for here'));
  const port: IdentityProvider = {
    begin: none,
    complete: none,
    verifyBearer: none,
    verifyAccessToken: none,
    refresh: none,
    checkLogoutToken: check ?? none,
    endSessionUrl: async () => null,
    close: async () => undefined,
  };
  const provider = (id: string, kind: ConfiguredProvider['kind'], issuer: string): ConfiguredProvider => ({
    id,
    name: id,
    kind,
    issuer,
    directory: kind === 'entra' ? 'tid' : issuer,
    port: { ...port, endSessionUrl: async () => `${issuer}/logout` },
    givesRefreshTokens: true,
    callbackPath: `/.sallyport/callback/${id}`,
    sessionCookie: `__Host-sallyport-session-${id}`,
    signOut: kind === 'entra' ? 'plain' : 'username',
  });
  let commands = 0;
  return {
    store,
    live,
    tenant: TENANT,
    nowMs,
    userSessions: createUserSessions({ store, tenant: TENANT, live, nowMs }),
    providers: new IdentityProviders(provider('first', 'entra', ENTRA), [provider('other', 'openid', OTHER)]),
    refusals: { record: async (fact) => void refused.push(fact), stop: () => undefined },
    refused,
    revocations,
    delay,
    reads,
    session: async (id, subject, change = {}, { isAwaited } = { isAwaited: true }) => {
      const ref = { tenant: TENANT, type: userSessionAggregate, id };
      const principal = {
        subject,
        directoryTenant: 'tid',
        username: `${subject}@example.com`,
        name: subject,
        email: null,
        groups: [],
        roles: [],
        directoryRoles: [],
      };
      const data: Started = {
        principal,
        identityProvider: ENTRA,
        authenticationContexts: [],
        authenticatedAt: '2026-11-22T10:00:00.000Z',
        expiresAt: LATER,
        address: '',
        userAgent: '',
        ...change,
      };
      commands += 1;
      const { revision } = await store.load(ref);
      await store.append(ref, revision, [{ type: 'SessionStarted', data }], metadataOf(`cmd-start-${commands}`));
      if (isAwaited) await live.waitFor(await store.head(), 2_000);
    },
    status: async (id) => (await live.session(id)).state.status,
    stop: () => live.stop(),
  };
}

function followedLate(store: EventStore, delay: { readonly ms: number }, reads: { count: number }): EventStore {
  return {
    load: (ref) => store.load(ref),
    append: (...given) => store.append(...given),
    read: (options) => {
      reads.count += 1;
      return store.read(options);
    },
    head: () => store.head(),
    follow: (options) =>
      store.follow({
        ...options,
        onCommit: async (commit) => {
          if (delay.ms > 0) await wait(delay.ms);
          await options.onCommit(commit);
        },
      }),
  };
}
