import type { NatsConnection } from 'nats';
import type { z } from 'zod';
import {
  ACCESS_COOKIE,
  type AuthorizeReply,
  type AuthReply,
  assertionKeys,
  authorize,
  beginSignIn,
  completeSignIn,
  continueSignIn,
  type EndOwnSessionsReply,
  endOwnSessions,
  openAppAccess,
  type PortalReply,
  portal,
  providerLogout,
  signOut,
} from '#libs/contracts';
import { serveEndpoint } from '#libs/messaging';
import type { Logger } from '#libs/telemetry';

export type Asked = { readonly name: string; readonly request: Record<string, unknown> };

/** auth on the typed contract: what it was asked, and what it answers, which a spec may change. */
export type FakeAuth = {
  readonly asked: Asked[];
  countOf(name: string): number;
  authorize: (request: { appId: string; accessCookie: string }) => AuthorizeReply | Promise<AuthorizeReply>;
  reply: (name: string, request: Record<string, unknown>) => AuthReply;
  /** Default: every app that is asked about is open, one session, no sign-ins. */
  portal: (request: { appIds: string[] }) => PortalReply;
  endOwnSessions: () => EndOwnSessionsReply;
  providerLogout: () => z.infer<typeof providerLogout.reply>;
};

export const COOKIE = `${ACCESS_COOKIE}=sealed-1`;

export function allow(
  changes: { readonly sessionId?: string; readonly cacheSeconds?: number; readonly appRevision?: number } = {},
): AuthorizeReply {
  return {
    verdict: 'allow',
    decisionId: 'dec_1',
    expiresAt: new Date(Date.now() + 600_000).toISOString(),
    cacheSeconds: changes.cacheSeconds ?? 300,
    appRevision: changes.appRevision ?? 1,
    identity: {
      sessionId: changes.sessionId ?? 'ses_1',
      assertion: 'header.payload.signature',
      principal: {
        subject: 'oid-ada',
        directoryTenant: 'tid',
        username: 'ada@example.com',
        name: 'Ada Lovelàce',
        email: 'ada@example.com',
        groups: ['g-1', 'g-2'],
        roles: ['reader'],
        directoryRoles: [],
      },
    },
  };
}

export const OWN_SESSION = {
  id: 'ses_1',
  isCurrent: true,
  authenticatedAt: '2026-03-01T08:30:00.000Z',
  expiresAt: '2026-03-01T16:30:00.000Z',
  address: '192.0.2.7',
  userAgent: 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
} as const;

export function shownPortal(appIds: readonly string[]): Extract<PortalReply, { status: 'shown' }> {
  const apps = appIds.map((id) => ({ id, verdict: 'granted' as const }));
  return { status: 'shown', apps, sessions: [OWN_SESSION], signIns: [], formToken: 'sealed-form' };
}

export function serveFakeAuth(nc: NatsConnection, tenant: string, logger: Logger, isServed: boolean): FakeAuth {
  const fake: FakeAuth = {
    asked: [],
    countOf: (name) => fake.asked.filter((it) => it.name === name).length,
    authorize: () => allow(),
    reply: (name) => ({
      kind: 'redirect',
      location: `https://login.sallyport.localhost/${name}`,
      setCookies: [`__Host-sallyport-${name}=1; Path=/; Secure; HttpOnly`],
    }),
    portal: ({ appIds }) => shownPortal(appIds),
    endOwnSessions: () => ({ status: 'ended', sessionIds: ['ses_2'] }),
    providerLogout: () => ({ status: 'ended', sessionIds: [], issuers: [] }),
  };
  if (!isServed) return fake;
  const options = { queue: 'auth', logger };
  const keep = (name: string, request: Record<string, unknown>) => fake.asked.push({ name, request });
  const browser = (name: string) => (request: Record<string, unknown>) => {
    keep(name, request);
    return fake.reply(name, request);
  };
  serveEndpoint(
    nc,
    tenant,
    authorize,
    (request) => {
      keep('authorize', request);
      return fake.authorize({ ...request, accessCookie: request.accessCookie ?? '' });
    },
    options,
  );
  serveEndpoint(nc, tenant, beginSignIn, browser('begin'), options);
  serveEndpoint(nc, tenant, continueSignIn, browser('continue'), options);
  serveEndpoint(nc, tenant, completeSignIn, browser('complete'), options);
  serveEndpoint(nc, tenant, openAppAccess, browser('open'), options);
  serveEndpoint(nc, tenant, signOut, browser('sign-out'), options);
  serveEndpoint(
    nc,
    tenant,
    portal,
    (request) => {
      keep('portal', request);
      return fake.portal(request);
    },
    options,
  );
  serveEndpoint(
    nc,
    tenant,
    endOwnSessions,
    (request) => {
      keep('end-own-sessions', request);
      return fake.endOwnSessions();
    },
    options,
  );
  serveEndpoint(
    nc,
    tenant,
    providerLogout,
    (request) => {
      keep('provider-logout', request);
      return fake.providerLogout();
    },
    options,
  );
  serveEndpoint(nc, tenant, assertionKeys, () => ({ keys: [{ kty: 'EC', kid: 'k1' }] }), options);
  return fake;
}
