import { z } from 'zod';

const file = z.string().min(1).max(4096);
const httpsUrl = z.url({ protocol: /^https$/, error: 'expected an https address' }).max(2048);
const providerId = z.string().regex(/^[a-z0-9-]{1,32}$/, 'expected 1 to 32 of a-z, 0-9 and -');
const providerName = z.string().trim().min(1).max(80);
const claimName = z.string().min(1).max(128);
/** As in policies: `c1` to `c99`, and what a provider calls its own. */
const contextName = z.string().min(1).max(16);

/** Id of the tenant's first identity provider when the configuration gives none. */
export const FIRST_PROVIDER_ID = 'first';
/** Identity providers of one tenant, the first one included. */
export const MAX_IDENTITY_PROVIDERS = 10;

const common = {
  /** Application (client) id of the web app registration. */
  clientId: z.string().min(1).max(128),
  /** File that holds the client secret's value and nothing else. */
  clientSecretFile: file,
  /** PEM file with further CA certificates for the provider's https; default: those Node.js ships. */
  caFile: file.optional(),
  /**
   * Milliseconds for one exchange with the provider, 100 to 15,000: the ingress waits 20 s for a sign-in. A refresh of a session has 12 s
   * for all of them. Default 4000.
   */
  timeoutMs: z.number().int().min(100).max(15_000).default(4000),
  /**
   * false: it gives no refresh tokens, and with `refreshMinutes` its sessions last as long as without, unconfirmed. true: a session
   * without one, which whoever edits the address of a sign-in can have, ends `refreshMinutes` and `refreshGraceMinutes` after it began.
   * Default true.
   */
  refreshTokens: z.boolean().optional(),
};

const entra = z.strictObject({
  kind: z.literal('entra').optional(),
  /** Exactly as in the provider's metadata: `https://login.microsoftonline.com/<tenant id>/v2.0`. */
  issuer: httpsUrl,
  /** Directory (tenant) id; tokens of any other are refused. */
  tenantId: z.guid('expected a GUID'),
  ...common,
  /** Application (client) id, or `api://<id>`, of the API whose access tokens administer Sallyport. */
  apiAudience: z.string().min(1).max(200),
});

/** Which claims say what; each name is tried as it is, and then as a path with dots (`realm_access.roles`). */
const claims = z.strictObject({
  /** Never changes and is never given to somebody else. Default `sub`. */
  subject: claimName.default('sub'),
  /**
   * What apps may know people by. Default `preferred_username`; without it the subject, never the email address. `email`, or the claim of
   * `email`: the address, unless `email_verified` is there and not true.
   */
  username: claimName.default('preferred_username'),
  /** Default `name`; without it the username. */
  name: claimName.default('name'),
  /** Default `email`; not taken when `email_verified` is there and not true. */
  email: claimName.default('email'),
  /** Default `groups`. */
  groups: claimName.default('groups'),
  /** App roles. Default `roles`. */
  roles: claimName.default('roles'),
  /** What `administratorRoles` and policies for directory roles look at. null: unknown. Default null. */
  directoryRoles: claimName.nullable().default(null),
});

const contexts = z.strictObject({
  /** Values of `acr`, and what a token with one of them proves: `{"urn:mace:incommon:iap:silver": "c1"}`. Also how it is asked for. */
  acr: z.record(z.string().min(1).max(400), contextName).default({}),
  /** Values in `amr` likewise, which cannot be asked for: `{"mfa": "c1"}`. */
  amr: z.record(z.string().min(1).max(100), contextName).default({}),
});

const openid = z.strictObject({
  kind: z.literal('openid'),
  /**
   * Exactly as in the provider's metadata, which is at `<issuer>/.well-known/openid-configuration`. At most 128 characters: it is the
   * directory of the provider's people, and is never cut.
   */
  issuer: httpsUrl.max(128),
  ...common,
  /** `aud` of the access tokens that administer Sallyport; for the first provider. Default: it takes none. */
  apiAudience: z.string().min(1).max(200).optional(),
  /** How the client secret is sent. Default: as the metadata offers, Basic before the form. */
  clientAuthentication: z.enum(['client_secret_basic', 'client_secret_post']).optional(),
  /** Scopes asked for besides `openid`. Default `profile` and `email`. */
  scopes: z
    .array(z.string().regex(/^[\x21\x23-\x5b\x5d-\x7e]{1,200}$/, 'expected a scope name'))
    .max(20)
    .default(['profile', 'email']),
  claims: claims.prefault({}),
  authenticationContexts: contexts.prefault({}),
  /**
   * How people who signed out here are sent to the provider's own page for that, if it has one: with a hint (`logout_hint`) of the user
   * name or of the provider's session (`sid`), without, or not at all. Default `username`.
   */
  signOut: z.enum(['username', 'session', 'plain', 'none']).default('username'),
  /** true: claims come from the UserInfo endpoint too, one more exchange for each sign-in. Default false. */
  userInfo: z.boolean().default(false),
  /**
   * `typ` in the header of access tokens. Default `at+jwt` alone (RFC 9068). `JWT`, where the provider says no better, takes any token
   * for the audience that is no ID token by its claims.
   */
  accessTokenTypes: z
    .array(z.enum(['at+jwt', 'JWT']))
    .min(1)
    .max(2)
    .default(['at+jwt']),
});

/**
 * true: tokens without groups are of people in no group, not of people in unknown groups. With `openid`, only where the token answer names
 * all of `scopes`: they travel through the browser. Default false.
 */
const expectGroupsClaim = z.boolean().default(false);
const further = { id: providerId, name: providerName, expectGroupsClaim };

/** The tenant's first one: who signs in to the portal, and to every app that names no other. */
export const firstIdentityProvider = z.discriminatedUnion('kind', [
  entra.extend({ id: providerId.default(FIRST_PROVIDER_ID), name: providerName.optional() }),
  openid.extend({ id: providerId.default(FIRST_PROVIDER_ID), name: providerName.optional() }),
]);
/** Those that apps may name. */
export const furtherIdentityProviders = z
  .array(z.discriminatedUnion('kind', [entra.extend(further), openid.extend(further)]))
  .max(MAX_IDENTITY_PROVIDERS - 1);

export type IdentityProviderConfig = z.infer<typeof entra>;
export type OpenidProviderConfig = z.infer<typeof openid>;
export type FirstProviderConfig = z.infer<typeof firstIdentityProvider>;
export type FurtherProviderConfig = z.infer<typeof furtherIdentityProviders>[number];

type Configured = {
  readonly identityProvider: { readonly id: string; readonly issuer: string };
  readonly furtherIdentityProviders: readonly { readonly id: string; readonly issuer: string }[];
};

/** Two of one id would share a cookie, two of one issuer their people. */
export function refuseRepeatedProviders(config: Configured, context: z.RefinementCtx): void {
  const before = [config.identityProvider];
  config.furtherIdentityProviders.forEach((provider, index) => {
    for (const field of ['id', 'issuer'] as const) {
      if (!before.some((other) => other[field] === provider[field])) continue;
      const message = `${provider[field]} is the ${field} of another identity provider: give each its own`;
      context.addIssue({ code: 'custom', path: ['furtherIdentityProviders', index, field], message });
    }
    before.push(provider);
  });
}
