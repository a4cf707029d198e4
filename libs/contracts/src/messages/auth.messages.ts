import { z } from 'zod';
import { accessChallenge } from '../facts/access-decision.facts.ts';
import { MAX_ORIGIN_SECRET_CHARACTERS } from '../facts/app-settings.ts';
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
  /** On the sign-in host: the redirect URI registered at the identity provider; of any but the first one, `/<provider id>` follows. */
  callback: `${RESERVED_PATH}callback`,
  /** On an app's host: takes the one-time ticket, sets the access cookie. */
  complete: `${RESERVED_PATH}complete`,
  signOut: `${RESERVED_PATH}sign-out`,
  keys: `${RESERVED_PATH}jwks.json`,
  /** On the sign-in host: where an identity provider posts logout tokens (OpenID Connect Back-Channel Logout 1.0), `/<provider id>`. */
  backChannelLogout: `${RESERVED_PATH}back-channel-logout`,
  /** On the sign-in host: what the identity provider loads in a frame (OpenID Connect Front-Channel Logout 1.0), `?iss=&sid=`. */
  frontChannelLogout: `${RESERVED_PATH}front-channel-logout`,
} as const;

/** `appId` of the portal and the sign-in host themselves: every signed-in user may open it. */
export const PORTAL_APP_ID = 'portal';

/** Cookies of our prefix that came with the request: name to value, at most 20. */
const cookies = z.record(z.string(), z.string().max(8192));

/** As the configuration of auth names one. */
export const identityProviderId = z.string().regex(/^[a-z0-9-]{1,32}$/);

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

/** On the sign-in host, `/.sallyport/callback` and below: query parameters of the identity provider's answer, arrays refused. */
export const completeSignIn = endpoint(
  endpoints.completeSignIn,
  browserRequest.extend({
    query: z.record(z.string(), z.union([z.string(), z.array(z.string())])),
    /** What follows `/.sallyport/callback/`; null: nothing, which is the address of the first identity provider. */
    providerId: identityProviderId.nullable().default(null),
  }),
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

/** Identity that goes to the origin: plain headers, and the signed assertion that proves them. */
const grantedIdentity = z.object({
  /** Of the session; with a token, the id of the user or service token. It is what a revocation names. */
  sessionId: z.string(),
  principal,
  /** ES256 JWT for this app, valid longer than `cacheSeconds`. Header X-Sallyport-Assertion. */
  assertion: z.string(),
});

/** The header whose bearer token is always for us, and never reaches an origin. */
export const CREDENTIAL_HEADER = 'X-Sallyport-Authorization';

/** Signed in, but a policy asks for more, which the user can bring now: begin a sign-in with this challenge. */
export const stepUpVerdict = z.object({
  verdict: z.literal('step-up'),
  challenge: accessChallenge,
  reason: z.string(),
  detail: z.string(),
  decisionId: z.string(),
  username: z.string(),
});
/** Signed in, but not allowed. `decisionId` is the receipt. */
export const denyVerdict = z.object({
  verdict: z.literal('deny'),
  reason: z.string(),
  detail: z.string(),
  decisionId: z.string(),
  username: z.string(),
});

/**
 * The access decision for (access cookie or bearer token, app). The ingress caches it by SHA-256 of either, address and user agent
 * for `cacheSeconds`.
 */
export const authorize = endpoint(
  endpoints.authorize,
  z
    .object({
      appId: z.string(),
      accessCookie: z.string().max(8192).optional(),
      /** A token of the identity provider or a service token, without its scheme. */
      bearerToken: z.string().max(16_384).optional(),
      requestId: z.string(),
      client: clientInfo,
      /**
       * It is about a request under way, which has its header already: no token is exchanged for it. `allow` has no `originFields`
       * where that would be needed, and `appRevision` 0.
       */
      isReview: z.boolean().optional(),
    })
    .refine((asked) => (asked.accessCookie === undefined) !== (asked.bearerToken === undefined), 'one of the two'),
  z.discriminatedUnion('verdict', [
    z.object({
      verdict: z.literal('allow'),
      decisionId: z.string(),
      identity: grantedIdentity,
      /**
       * Header fields for the origin, name and value by turns, which replace what the client sent under the same names: single sign-on.
       * They may hold secrets: never logged.
       */
      originFields: z.array(z.string().max(8192)).max(80).optional(),
      /** Of the app as the decision was made, `originFields` for its origin included; 0: nothing can be sent by it. */
      appRevision: z.number().int().min(0).default(0),
      expiresAt: z.iso.datetime(),
      cacheSeconds: z.number().int().min(0).max(300),
    }),
    /** The bearer token is not taken (RFC 6750, 3.1). */
    z.object({
      verdict: z.literal('refuse-token'),
      error: z.enum(['invalid_token', 'insufficient_scope']),
      reason: z.string(),
      detail: z.string(),
    }),
    /** The cookie is missing, tampered, expired, of another app, or its session ended: sign in (again). */
    z.object({ verdict: z.literal('sign-in'), reason: z.string() }),
    stepUpVerdict,
    denyVerdict,
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
  z.object({
    keys: z.array(z.record(z.string(), z.unknown())),
    /** `iss` of the assertions; an older auth does not say. */
    issuer: z.string().optional(),
  }),
);

/** The identity provider says that somebody signed out. Nothing else proves it, so the token is checked as strictly as at a sign-in. */
export const providerLogout = endpoint(
  endpoints.providerLogout,
  z.object({
    requestId: z.string(),
    client: clientInfo,
    message: z.discriminatedUnion('kind', [
      z.object({
        kind: z.literal('back-channel'),
        /** Id of the identity provider; null: the first. */
        providerId: z.string().max(32).nullable(),
        logoutToken: z.string().max(16_384),
      }),
      z.object({
        kind: z.literal('front-channel'),
        /** null: not said, as Entra ID does not; then any Entra provider may be meant. */
        issuer: z.string().max(2048).nullable(),
        /** Known to the browser and the provider only; a session without one is not ended so. */
        providerSessionId: z.string().min(1).max(256),
      }),
    ]),
  }),
  z.discriminatedUnion('status', [
    /** `issuers`: of the providers that may have said so, who may frame the answer. */
    z.object({ status: z.literal('ended'), sessionIds: z.array(z.string()), issuers: z.array(z.string()) }),
    z.object({ status: z.literal('refused'), reason: z.string(), detail: z.string() }),
  ]),
);

/** Makes an admin's secret unreadable to all but auth. Nothing is kept: what comes back is what an app's settings hold. */
export const sealSecret = endpoint(
  endpoints.sealSecret,
  commandContext.extend({ secret: z.string().min(1).max(MAX_ORIGIN_SECRET_CHARACTERS) }),
  z.object({ sealed: z.string() }),
);

/** What people may sign in with, the tenant's first one first. */
export const identityProviders = endpoint(
  endpoints.identityProviders,
  z.object({}),
  z.object({
    providers: z.array(
      z.object({ id: z.string(), name: z.string(), kind: z.enum(['entra', 'openid']), issuer: z.string() }),
    ),
  }),
);

/** Drop cached decisions at once. `position` grows; a gap means: drop everything. */
export const revocations = feed(
  feeds.revocations,
  z.object({
    position: z.number().int(),
    /** Of sessions, and of users and service tokens whose tokens count no more. */
    sessionIds: z.array(z.string()).max(1000),
    appIds: z.array(z.string()).max(1000),
    /** What every decision depends on has changed, such as the policy set: drop everything, ask again about what runs. */
    everything: z.boolean().optional(),
  }),
);
