import { z } from 'zod';
import {
  appId,
  appSettings,
  type CookieFlags,
  type CorsRule,
  cookieFlags,
  corsRule,
  DEFAULT_BACKEND_TIMEOUT_SECONDS,
  type Hsts,
  hsts,
  LONG_BACKEND_TIMEOUT_SECONDS,
  MAX_BACKEND_TIMEOUT_SECONDS,
  MAX_CORS_RULES,
} from '#libs/contracts';
import { givenBearerTokens, givenSingleSignOn } from './app-sign-on.ts';

const TIMEOUT_EXPECTED = `expected a whole number of seconds from 1 to ${MAX_BACKEND_TIMEOUT_SECONDS}, "default" (${DEFAULT_BACKEND_TIMEOUT_SECONDS}) or "long" (${LONG_BACKEND_TIMEOUT_SECONDS})`;
const NAMED_TIMEOUTS = { default: DEFAULT_BACKEND_TIMEOUT_SECONDS, long: LONG_BACKEND_TIMEOUT_SECONDS } as const;

const wholeSeconds = z
  .int({ error: TIMEOUT_EXPECTED })
  .min(1, { error: TIMEOUT_EXPECTED })
  .max(MAX_BACKEND_TIMEOUT_SECONDS, { error: TIMEOUT_EXPECTED });
const backendTimeout = z
  .union([wholeSeconds, z.enum(['default', 'long'])], { error: TIMEOUT_EXPECTED })
  .transform((value) => (typeof value === 'number' ? value : NAMED_TIMEOUTS[value]));

export const someCookieFlags = cookieFlags.partial().strict();

/** Only the origins must be named; the rest is what a page that reads JSON with GET needs. */
const CORS_DEFAULTS: Omit<CorsRule, 'allowedOrigins'> = {
  resource: '/',
  allowedMethods: ['GET', 'HEAD', 'POST'],
  allowedHeaders: [],
  exposedHeaders: [],
  allowCredentials: false,
  maxAgeSeconds: 600,
};
const someCorsRule = corsRule
  .partial()
  .required({ allowedOrigins: true })
  .strict()
  .transform(
    (rule): CorsRule => ({ ...CORS_DEFAULTS, ...withoutUndefined(rule), allowedOrigins: rule.allowedOrigins }),
  );

const someHsts = hsts
  .partial({ includeSubDomains: true })
  .strict()
  .transform((given): Hsts => ({ ...given, includeSubDomains: given.includeSubDomains ?? false }));

const { shape } = appSettings;

/** The settings of a publication, in the words of the API. Unknown fields are refused. */
const settings = z.strictObject({
  name: shape.name,
  internalUrl: shape.internalUrl,
  externalUrl: shape.externalUrl.optional(),
  alternateHosts: shape.alternateHosts.optional(),
  segments: shape.segments.optional(),
  preauthentication: shape.preauthentication.optional(),
  connectorGroupId: shape.connectorGroupId.optional(),
  backendTimeoutSeconds: backendTimeout.optional(),
  idleTimeoutSeconds: shape.idleTimeoutSeconds.optional(),
  cookieFlags: someCookieFlags.optional(),
  translateHeaders: z.boolean().optional(),
  translateBodyLinks: z.boolean().optional(),
  hsts: someHsts.nullable().optional(),
  corsRules: z.array(someCorsRule).max(MAX_CORS_RULES).optional(),
  sessionAffinity: z.boolean().optional(),
  allowWebSocket: z.boolean().optional(),
  allowGrpc: z.boolean().optional(),
  maxRequestBodyBytes: shape.maxRequestBodyBytes.optional(),
  validateBackendCertificate: z.boolean().optional(),
  originCertificateAuthority: shape.originCertificateAuthority.optional(),
  originClientCertificate: shape.originClientCertificate.optional(),
  originProtocol: shape.originProtocol.optional(),
  bearerTokens: givenBearerTokens.nullable().optional(),
  identityProvider: shape.identityProvider.optional(),
  singleSignOn: givenSingleSignOn.optional(),
});

export const publishBody = settings.extend({ id: appId.optional() });
export const changeBody = settings.partial();

/** Flags that a partial set of them leaves open when an app is published. */
export const DEFAULT_COOKIE_FLAGS: CookieFlags = { httpOnly: true, persistent: false, sameSite: 'lax' };

export function mergeFlags(flags: CookieFlags, changes: z.infer<typeof someCookieFlags>): CookieFlags {
  const { httpOnly = flags.httpOnly, persistent = flags.persistent, sameSite = flags.sameSite } = changes;
  return { httpOnly, persistent, sameSite };
}

type Defined<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> };

function withoutUndefined<T extends object>(record: T): Defined<T> {
  return Object.fromEntries(Object.entries(record).filter(([, value]) => value !== undefined)) as Defined<T>;
}
