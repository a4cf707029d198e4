import { z } from 'zod';
import { accessChallenge } from '../facts/access-decision.facts.ts';
import { principal } from '../facts/user-session.facts.ts';
import { endpoints, feeds } from '../subjects.ts';
import { clientInfo, commandContext } from './common.ts';
import { endpoint, feed } from './endpoint.ts';

/** Names of the cookies, all host-only by prefix. They never reach an origin. */
export const COOKIE_PREFIX = '__Host-sallyport-';
export const ACCESS_COOKIE = `${COOKIE_PREFIX}access`;
export const SESSION_COOKIE = `${COOKIE_PREFIX}session`;

/** Reserved path on every host of the ingress; never forwarded to an origin. */
export const RESERVED_PATH = '/.sallyport/';
export const authPaths = {
  /** On the sign-in host: starts or resumes a sign-in, `?t=<sealed begin>`. */
  signIn: `${RESERVED_PATH}sign-in`,
  /** On the sign-in host: the redirect URI registered at the identity provider. */
  callback: `${RESERVED_PATH}callback`,
  /** On an app's host: takes the one-time ticket, sets the access cookie. */
  complete: `${RESERVED_PATH}complete`,
  signOut: `${RESERVED_PATH}sign-out`,
  keys: `${RESERVED_PATH}jwks.json`,
} as const;

/** `appId` of the portal and the sign-in host themselves: every signed-in user may open it. */
export const PORTAL_APP_ID = 'portal';

/** Cookies of our prefix that came with the request: name to value, at most 20. */
const cookies = z.record(z.string(), z.string().max(8192));

/** What the ingress must answer. Set-Cookie values are complete and added as they are. */
export const authReply = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('redirect'), location: z.string(), setCookies: z.array(z.string()) }),
  z.object({
    kind: z.literal('denied'),
    status: z.number().int(),
    /** Kebab-case machine reason, for example `state-replayed`, `identity-provider-unreachable`. */
    reason: z.string(),
    /** One sentence for the person: the source of the problem. */
    detail: z.string(),
    setCookies: z.array(z.string()),
  }),
  z.object({ kind: z.literal('signed-out'), setCookies: z.array(z.string()) }),
]);
export type AuthReply = z.infer<typeof authReply>;

const browserRequest = z.object({ requestId: z.string(), client: clientInfo, cookies });

/** On an app's host: no valid access cookie; answers with a redirect to the sign-in host and a binding cookie. */
export const beginSignIn = endpoint(
  endpoints.beginSignIn,
  browserRequest.extend({
    appId: z.string(),
    returnUrl: z.string().max(8192),
    /** A policy asks for more than the session has: only that is asked of the user. */
    challenge: accessChallenge.optional(),
  }),
  authReply,
);

/** On the sign-in host, `/.sallyport/sign-in?t=`: on to the identity provider, or straight back when a session lives. */
export const continueSignIn = endpoint(
  endpoints.continueSignIn,
  browserRequest.extend({ token: z.string().max(8192) }),
  authReply,
);

/** On the sign-in host, `/.sallyport/callback`: query parameters of the identity provider's answer, arrays refused. */
export const completeSignIn = endpoint(
  endpoints.completeSignIn,
  browserRequest.extend({ query: z.record(z.string(), z.union([z.string(), z.array(z.string())])) }),
  authReply,
);

/** On an app's host, `/.sallyport/complete?ticket=`: one-time ticket plus binding cookie become the access cookie. */
export const openAppAccess = endpoint(
  endpoints.openAppAccess,
  browserRequest.extend({ appId: z.string(), ticket: z.string().max(8192) }),
  authReply,
);

/** Ends the user session behind any of our cookies, everywhere; answers where to go (identity provider's end-session). */
export const signOut = endpoint(endpoints.signOut, browserRequest, authReply);

/** Ends a user session by its id (an admin's, or the user's own in the portal). */
export const endSession = endpoint(
  endpoints.endSession,
  commandContext.extend({ sessionId: z.string(), reason: z.enum(['signed-out', 'revoked']) }),
  z.object({ sessionId: z.string(), revision: z.number().int() }),
);

/** Ends the active sessions of one user (subject id or username), of one app, or of a user at an app; an admin's. */
export const endSessions = endpoint(
  endpoints.endSessions,
  commandContext
    .extend({ user: z.string().min(1).max(320).optional(), appId: z.string().min(1).max(128).optional() })
    .refine(({ user, appId }) => user !== undefined || appId !== undefined, 'name a user or an app'),
  z.object({ sessionIds: z.array(z.string()) }),
);

/** Identity that goes to the origin: plain headers, and the signed assertion that proves them. */
const grantedIdentity = z.object({
  sessionId: z.string(),
  principal,
  /** ES256 JWT for this app, valid longer than `cacheSeconds`. Header X-Sallyport-Assertion. */
  assertion: z.string(),
});

/** The access decision for (access cookie, app). The ingress caches it by SHA-256 of the cookie, address and user agent for `cacheSeconds`. */
export const authorize = endpoint(
  endpoints.authorize,
  z.object({ appId: z.string(), accessCookie: z.string().max(8192), requestId: z.string(), client: clientInfo }),
  z.discriminatedUnion('verdict', [
    z.object({
      verdict: z.literal('allow'),
      decisionId: z.string(),
      identity: grantedIdentity,
      expiresAt: z.iso.datetime(),
      cacheSeconds: z.number().int().min(0).max(300),
    }),
    /** The cookie is missing, tampered, expired, of another app, or its session ended: sign in (again). */
    z.object({ verdict: z.literal('sign-in'), reason: z.string() }),
    /** Signed in, but a policy asks for more, which the user can bring now: begin a sign-in with this challenge. */
    z.object({
      verdict: z.literal('step-up'),
      challenge: accessChallenge,
      reason: z.string(),
      detail: z.string(),
      decisionId: z.string(),
      username: z.string(),
    }),
    /** Signed in, but not allowed. `decisionId` is the receipt. */
    z.object({
      verdict: z.literal('deny'),
      reason: z.string(),
      detail: z.string(),
      decisionId: z.string(),
      username: z.string(),
    }),
  ]),
);
export type AuthorizeReply = z.infer<typeof authorize.reply>;

/** Scopes of access tokens for our own API (short names, Entra `scp`). */
export const MANAGE_SCOPE = 'Sallyport.Manage';
export const REGISTER_SCOPE = 'Connector.Register';

/** Checks a bearer token for our own API. `isAdministrator` follows the configured directory role template ids. */
export const verifyToken = endpoint(
  endpoints.verifyToken,
  z.object({ token: z.string().max(16384), scope: z.string(), requestId: z.string(), client: clientInfo }),
  z.discriminatedUnion('status', [
    z.object({ status: z.literal('accepted'), principal, isAdministrator: z.boolean(), expiresAt: z.iso.datetime() }),
    z.object({ status: z.literal('refused'), reason: z.string(), detail: z.string() }),
  ]),
);

/** The public keys of identity assertions (RFC 7517). */
export const assertionKeys = endpoint(
  endpoints.assertionKeys,
  z.object({}),
  z.object({ keys: z.array(z.record(z.string(), z.unknown())) }),
);

export const sessionView = z.object({
  id: z.string(),
  status: z.enum(['active', 'ended']),
  username: z.string(),
  name: z.string(),
  subject: z.string(),
  authenticatedAt: z.string(),
  expiresAt: z.string(),
  address: z.string(),
  userAgent: z.string(),
  apps: z.array(z.string()),
});

export const sessions = endpoint(
  endpoints.sessions,
  z.object({
    subject: z.string().optional(),
    /** Subject id, or username in whatever case. */
    user: z.string().min(1).max(320).optional(),
    /** Sessions that opened this app. */
    appId: z.string().min(1).max(128).optional(),
    activeOnly: z.boolean().optional(),
    limit: z.number().int().min(1).max(500).optional(),
  }),
  z.object({ sessions: z.array(sessionView) }),
);

/** Apps asked about at once, which is what one page shows. */
export const MAX_PORTAL_APPS = 500;

const portalRequest = z.object({
  requestId: z.string(),
  client: clientInfo,
  /** Of the portal itself; auth answers for the subject of its session, and for nobody else. */
  accessCookie: z.string().max(8192),
});
/** The portal's cookie is missing, changed, of an app, or its session is over. */
const portalSignIn = z.object({ status: z.literal('sign-in'), reason: z.string() });

/** What a person sees of an own session; ids of other people's sessions are never told. */
export const ownSession = z.object({
  id: z.string(),
  isCurrent: z.boolean(),
  authenticatedAt: z.string(),
  expiresAt: z.string(),
  address: z.string(),
  userAgent: z.string(),
});
export type OwnSession = z.infer<typeof ownSession>;

/** For the portal page: which of these apps are open to the person now, by assignment and policies; nothing is recorded. */
export const portal = endpoint(
  endpoints.portal,
  portalRequest.extend({ appIds: z.array(z.string().max(128)).max(MAX_PORTAL_APPS) }),
  z.discriminatedUnion('status', [
    z.object({
      status: z.literal('shown'),
      /** Denied ones are left out. `step-up`: opens after a further confirmation. */
      apps: z.array(z.object({ id: z.string(), verdict: z.enum(['granted', 'step-up']) })),
      /** Active ones, newest first, the current one always among them. */
      sessions: z.array(ownSession),
      /** Newest first; also of sessions that are over. */
      signIns: z.array(z.object({ at: z.string(), address: z.string(), userAgent: z.string() })),
      /** Sealed, bound to this session: what `endOwnSessions` asks for. */
      formToken: z.string(),
    }),
    portalSignIn,
  ]),
);
export type PortalReply = z.infer<typeof portal.reply>;

/** Ends sessions of the person whose portal cookie this is: one by id, or all but the current one. */
export const endOwnSessions = endpoint(
  endpoints.endOwnSessions,
  portalRequest.extend({
    formToken: z.string().max(8192),
    target: z.discriminatedUnion('kind', [
      z.object({ kind: z.literal('one'), sessionId: z.string().max(128) }),
      z.object({ kind: z.literal('others') }),
    ]),
  }),
  z.discriminatedUnion('status', [
    z.object({ status: z.literal('ended'), sessionIds: z.array(z.string()) }),
    /** There is no such session, or it is somebody else's: which of the two is not told. */
    z.object({ status: z.literal('absent') }),
    /** The form was not made for this session. */
    z.object({ status: z.literal('forged') }),
    portalSignIn,
  ]),
);
export type EndOwnSessionsReply = z.infer<typeof endOwnSessions.reply>;

/** Drop cached decisions at once. `position` grows; a gap means: drop everything. */
export const revocations = feed(
  feeds.revocations,
  z.object({
    position: z.number().int(),
    sessionIds: z.array(z.string()).max(1000),
    appIds: z.array(z.string()).max(1000),
    /** What every decision depends on has changed, such as the policy set: drop everything, ask again about what runs. */
    everything: z.boolean().optional(),
  }),
);
