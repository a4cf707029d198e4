import type { NatsConnection } from 'nats';
import {
  ACCESS_COOKIE,
  type AuthorizeReply,
  type AuthReply,
  assertionKeys,
  authorize,
  beginSignIn,
  completeSignIn,
  continueSignIn,
  openAppAccess,
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
};

export const COOKIE = `${ACCESS_COOKIE}=sealed-1`;

export function allow(changes: { readonly sessionId?: string; readonly cacheSeconds?: number } = {}): AuthorizeReply {
  return {
    verdict: 'allow',
    decisionId: 'dec_1',
    expiresAt: new Date(Date.now() + 600_000).toISOString(),
    cacheSeconds: changes.cacheSeconds ?? 300,
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
      return fake.authorize(request);
    },
    options,
  );
  serveEndpoint(nc, tenant, beginSignIn, browser('begin'), options);
  serveEndpoint(nc, tenant, continueSignIn, browser('continue'), options);
  serveEndpoint(nc, tenant, completeSignIn, browser('complete'), options);
  serveEndpoint(nc, tenant, openAppAccess, browser('open'), options);
  serveEndpoint(nc, tenant, signOut, browser('sign-out'), options);
  serveEndpoint(nc, tenant, assertionKeys, () => ({ keys: [{ kty: 'EC', kid: 'k1' }] }), options);
  return fake;
}
