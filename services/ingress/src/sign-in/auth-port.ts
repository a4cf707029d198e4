import type { NatsConnection } from 'nats';
import type { z } from 'zod';
import {
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
import { callEndpoint } from '#libs/messaging';

/** Milliseconds a browser waits for auth; completing a sign-in includes calls to the identity provider. */
const DECISION_TIMEOUT_MS = 5_000;
const SIGN_IN_TIMEOUT_MS = 20_000;

/** What the ingress asks of auth for one tenant. Every call rejects with a SallyportError when auth does not answer. */
export type AuthPort = {
  authorize(request: z.input<typeof authorize.request>): Promise<AuthorizeReply>;
  beginSignIn(request: z.input<typeof beginSignIn.request>): Promise<AuthReply>;
  continueSignIn(request: z.input<typeof continueSignIn.request>): Promise<AuthReply>;
  completeSignIn(request: z.input<typeof completeSignIn.request>): Promise<AuthReply>;
  openAppAccess(request: z.input<typeof openAppAccess.request>): Promise<AuthReply>;
  signOut(request: z.input<typeof signOut.request>): Promise<AuthReply>;
  /** What the person behind a portal cookie may open, and that person's sessions. */
  portal(request: z.input<typeof portal.request>): Promise<PortalReply>;
  endOwnSessions(request: z.input<typeof endOwnSessions.request>): Promise<EndOwnSessionsReply>;
  /** An identity provider says that somebody signed out there. */
  providerLogout(request: z.input<typeof providerLogout.request>): Promise<z.infer<typeof providerLogout.reply>>;
  assertionKeys(): Promise<z.infer<typeof assertionKeys.reply>>;
};

export function createAuthPort(nc: NatsConnection, tenant: string): AuthPort {
  const decision = { timeoutMs: DECISION_TIMEOUT_MS };
  const signIn = { timeoutMs: SIGN_IN_TIMEOUT_MS };
  return {
    authorize: (request) => callEndpoint(nc, tenant, authorize, request, decision),
    beginSignIn: (request) => callEndpoint(nc, tenant, beginSignIn, request, decision),
    continueSignIn: (request) => callEndpoint(nc, tenant, continueSignIn, request, signIn),
    completeSignIn: (request) => callEndpoint(nc, tenant, completeSignIn, request, signIn),
    openAppAccess: (request) => callEndpoint(nc, tenant, openAppAccess, request, decision),
    signOut: (request) => callEndpoint(nc, tenant, signOut, request, signIn),
    portal: (request) => callEndpoint(nc, tenant, portal, request, decision),
    endOwnSessions: (request) => callEndpoint(nc, tenant, endOwnSessions, request, signIn),
    providerLogout: (request) => callEndpoint(nc, tenant, providerLogout, request, signIn),
    assertionKeys: () => callEndpoint(nc, tenant, assertionKeys, {}, decision),
  };
}
