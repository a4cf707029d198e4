import { z } from 'zod';
import { connectorGroupId } from '../ids.ts';

export const DEFAULT_BACKEND_TIMEOUT_SECONDS = 85;
export const LONG_BACKEND_TIMEOUT_SECONDS = 180;
export const MAX_BACKEND_TIMEOUT_SECONDS = 3600;

export const MAX_ALTERNATE_HOSTS = 10;
export const MAX_SEGMENTS = 20;
export const MAX_CORS_RULES = 10;
/** Origins, methods, headers or exposed headers of one CORS rule. */
export const MAX_CORS_VALUES = 30;
/** Browsers keep no preflight answer for longer than a day. */
export const MAX_CORS_AGE_SECONDS = 86_400;
export const DEFAULT_HSTS_SECONDS = 31_536_000;
export const MAX_HSTS_SECONDS = 63_072_000;
/** Characters of an app's certificate authorities, PEM. */
export const MAX_CERTIFICATE_AUTHORITY_CHARACTERS = 16_384;
export const DEFAULT_IDLE_TIMEOUT_SECONDS = 18_000;
export const MIN_IDLE_TIMEOUT_SECONDS = 10;
export const MAX_IDLE_TIMEOUT_SECONDS = 86_400;

const MAX_URL_CHARACTERS = 2048;
const url = z.string().max(MAX_URL_CHARACTERS);
const hostName = z.string().min(1).max(253);

export const preauthentication = z.enum(['oidc', 'passthrough']);

/** Flags of the access cookie. Secure is always on: the `__Host-` prefix demands it (RFC 6265bis). */
export const cookieFlags = z.object({
  httpOnly: z.boolean(),
  persistent: z.boolean(),
  sameSite: z.enum(['lax', 'strict', 'none']),
});
export type CookieFlags = z.infer<typeof cookieFlags>;

/** One published part of a wildcard app. The external URL lies under the app's wildcard; the internal one is free. */
export const appSegment = z.object({ externalUrl: url, internalUrl: url });
export type AppSegment = z.infer<typeof appSegment>;

/** Strict-Transport-Security (RFC 6797) the ingress sends in place of the origin's own. */
export const hsts = z.object({
  maxAgeSeconds: z.number().int().min(0).max(MAX_HSTS_SECONDS),
  includeSubDomains: z.boolean(),
});
export type Hsts = z.infer<typeof hsts>;

const corsValues = (maxCharacters: number) => z.array(z.string().min(1).max(maxCharacters)).max(MAX_CORS_VALUES);

/**
 * What scripts of other web origins may do (Fetch standard, CORS). The rule with the longest `resource` that holds the
 * path decides; a request no rule allows is refused by the browser, for no header allows it.
 */
export const corsRule = z.object({
  /** Path prefix below the external host, by whole segments. `/` is everything. */
  resource: z.string().min(1).max(MAX_URL_CHARACTERS),
  /** Exact web origins such as `https://portal.example.com`, case-sensitive; or `*` alone. */
  allowedOrigins: corsValues(255).min(1),
  /** Methods, or `*`. GET, HEAD and POST need no permission for the preflight itself (Fetch standard). */
  allowedMethods: corsValues(32),
  /** Request headers; a name may end in `*`, `*` alone is every header. */
  allowedHeaders: corsValues(128),
  /** Response headers scripts may read; `*` is every header, without credentials only. */
  exposedHeaders: corsValues(128),
  /** Cookies may be sent along. Not together with the origin `*`. */
  allowCredentials: z.boolean(),
  /** How long browsers may keep a preflight's answer. */
  maxAgeSeconds: z.number().int().min(0).max(MAX_CORS_AGE_SECONDS),
});
export type CorsRule = z.infer<typeof corsRule>;

/** Access tokens of the identity provider that programs bring in place of a session (RFC 6750, docs/clients.md). */
export const bearerTokens = z.object({
  /** `aud` of the tokens: application ID URI or client id of the app's own registration. */
  audience: z.string().min(1).max(200),
  /** Short name that must stand in `scp` of a user's token. */
  scope: z.string().min(1).max(100),
  /** The header they come in; another `Authorization` reaches the origin. Either way X-Sallyport-Authorization is taken. */
  header: z.enum(['authorization', 'x-sallyport-authorization']),
});
export type BearerTokens = z.infer<typeof bearerTokens>;

export const MAX_CLAIM_HEADERS = 30;
export const MAX_SPN_CHARACTERS = 256;
/** Characters of a secret before it is sealed. */
export const MAX_ORIGIN_SECRET_CHARACTERS = 4096;
/** As auth sealed it (`seal-secret`): nobody else can open it. */
export const sealedSecret = z.string().min(1).max(8192);

/** One header of the origin, from a claim of the user. Lists are joined by commas; a claim nobody has sends no header. */
export const claimHeader = z.object({
  header: z.string().regex(/^[A-Za-z0-9-]{1,64}$/),
  claim: z.string().min(1).max(128),
});
export type ClaimHeader = z.infer<typeof claimHeader>;

/** Kerberos constrained delegation with protocol transition: each request carries a ticket of its user that the connector got (ADR-0013). */
export const kerberosAuthorization = z.object({
  kind: z.literal('kerberos'),
  /** The origin's account: `HTTP/host`, perhaps with `:port` and `@REALM`, or `HTTP@host`, whose realm the connector's host knows. */
  servicePrincipalName: z.string().min(1).max(MAX_SPN_CHARACTERS),
  /** Who is named to the domain: the user name as UPN, what stands before its `@`, or a kept claim (a UPN or an account name). */
  delegatedLogin: z.enum(['upn', 'user-part', 'claim']),
  /** Null for the other two. */
  claim: z.string().min(1).max(128).nullable(),
  /** Of the users. Null: the default of the connector's host. */
  realm: z
    .string()
    .regex(/^[A-Za-z0-9.-]{1,255}$/)
    .nullable(),
  /** `spnego`: wrapped as browsers do (RFC 4178). `kerberos`: the bare ticket. */
  mechanism: z.enum(['spnego', 'kerberos']),
});
export type KerberosAuthorization = z.infer<typeof kerberosAuthorization>;

/** What stands in `Authorization` of requests to the origin, in place of what the client sent there. */
export const originAuthorization = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('basic'), username: z.string().min(1).max(320), sealedPassword: sealedSecret }),
  z.object({ kind: z.literal('bearer'), sealedToken: sealedSecret }),
  /** OAuth 2.0 token exchange (RFC 8693): the signed assertion of the user becomes an access token for the origin. */
  z.object({
    kind: z.literal('token-exchange'),
    tokenEndpoint: url,
    clientId: z.string().min(1).max(200),
    sealedClientSecret: sealedSecret,
    audience: z.string().max(400).nullable(),
    scope: z.string().max(400).nullable(),
  }),
  kerberosAuthorization,
]);
export type OriginAuthorization = z.infer<typeof originAuthorization>;

export const singleSignOn = z.object({
  claimHeaders: z.array(claimHeader).max(MAX_CLAIM_HEADERS),
  /** Null: what the client sent passes. */
  authorization: originAuthorization.nullable(),
});
export type SingleSignOn = z.infer<typeof singleSignOn>;

/**
 * What an admin decides about an app. URLs are absolute, normalized, and end in `/`. A first label `*` in the external
 * URL makes a wildcard app; in the internal URL it stands for what `*` was in the external one.
 */
export const appSettings = z.object({
  name: z.string().min(1).max(120),
  internalUrl: url,
  externalUrl: url,
  /** More hosts that lead to the app, at the same path; wildcards for a wildcard app. */
  alternateHosts: z.array(hostName).max(MAX_ALTERNATE_HOSTS),
  /** Null: the whole wildcard is published. Else only these parts are, and with none of them nothing is. */
  segments: z.array(appSegment).max(MAX_SEGMENTS).nullable(),
  preauthentication,
  connectorGroupId,
  /** How long the origin may take before the first byte of its answer. */
  backendTimeoutSeconds: z.number().int().min(1).max(MAX_BACKEND_TIMEOUT_SECONDS),
  /** How long a WebSocket or an answer under way may stay without a byte in either direction. */
  idleTimeoutSeconds: z.number().int().min(MIN_IDLE_TIMEOUT_SECONDS).max(MAX_IDLE_TIMEOUT_SECONDS),
  cookieFlags,
  translateHeaders: z.boolean(),
  /** Links in HTML and CSS bodies. */
  translateBodyLinks: z.boolean(),
  /** Null: an origin's own header passes. */
  hsts: hsts.nullable(),
  corsRules: z.array(corsRule).max(MAX_CORS_RULES),
  /** The requests of one user session go to one connector as long as it can take them. */
  sessionAffinity: z.boolean(),
  allowWebSocket: z.boolean(),
  allowGrpc: z.boolean(),
  /** Null: no limit. Beyond: 413. */
  maxRequestBodyBytes: z.number().int().min(0).max(Number.MAX_SAFE_INTEGER).nullable(),
  validateBackendCertificate: z.boolean(),
  /** PEM certificates that an https origin may chain to, in place of the connector's own. Null: the connector's own. */
  originCertificateAuthority: z.string().min(1).max(MAX_CERTIFICATE_AUTHORITY_CHARACTERS).nullable(),
  /** Name of a pair `<name>.crt`, `<name>.key` in the connector's secrets folder, shown to an https origin. Null: none. */
  originClientCertificate: z
    .string()
    .regex(/^[a-z0-9_-]{1,64}$/)
    .nullable(),
  /** `auto`: HTTP/2 where an https origin offers it by ALPN, else HTTP/1.1. `h2` to an http origin is prior knowledge. */
  originProtocol: z.enum(['auto', 'http1', 'h2']),
  /** Null: no access tokens are taken, and `Authorization` is the origin's. */
  bearerTokens: bearerTokens.nullable(),
  /** Id of the identity provider its users sign in with. Null: the tenant's first. */
  identityProvider: z
    .string()
    .regex(/^[a-z0-9-]{1,32}$/)
    .nullable(),
  singleSignOn,
});
export type AppSettings = z.infer<typeof appSettings>;
export type OriginProtocol = AppSettings['originProtocol'];

/**
 * Settings that came with version 2 of AppPublished and later, as apps have them that were published before, and as a reader takes
 * them that is told by an older sender. A new app starts with the same but for HSTS (docs/publishing.md).
 */
export const SETTINGS_SINCE_V2 = {
  alternateHosts: [],
  segments: null,
  idleTimeoutSeconds: DEFAULT_IDLE_TIMEOUT_SECONDS,
  translateBodyLinks: false,
  hsts: null,
  corsRules: [],
  sessionAffinity: false,
  allowWebSocket: true,
  allowGrpc: true,
  maxRequestBodyBytes: null,
  originCertificateAuthority: null,
  originClientCertificate: null,
  originProtocol: 'auto',
  bearerTokens: null,
  identityProvider: null,
  singleSignOn: { claimHeaders: [], authorization: null },
} satisfies Partial<AppSettings>;
