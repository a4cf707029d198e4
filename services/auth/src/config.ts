import { z } from 'zod';
import { MAX_KEPT_CLAIMS, tenantId } from '#libs/contracts';
import { brokerAccess } from '#libs/messaging';
import { problemOfKeptClaim } from './identity-provider/kept-claims.ts';
import {
  firstIdentityProvider,
  furtherIdentityProviders,
  refuseRepeatedProviders,
} from './identity-provider/provider-config.ts';

export type { IdentityProviderConfig } from './identity-provider/provider-config.ts';

const file = z.string().min(1).max(4096);
const httpsUrl = z.url({ protocol: /^https$/, error: 'expected an https address' }).max(2048);

/** Role template ids of Entra ID: Global Administrator and Application Administrator. */
export const DEFAULT_ADMINISTRATOR_ROLES = [
  '62e90394-69f5-4237-9190-012177145e10',
  '9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3',
];

const options = z.strictObject({
  tenant: tenantId,
  broker: brokerAccess,
  credentials: z.object({ backbone: file, core: file }),
  /** Origin of the sign-in host, with its port: `https://login.sallyport.localhost:8443`. */
  signInUrl: httpsUrl,
  /** Where "My apps" is: `https://portal.sallyport.localhost:8443/`. */
  portalUrl: httpsUrl,
  identityProvider: firstIdentityProvider,
  /** What an app may name in place of the first (docs/identity-providers.md). Default: none, 9 at most. */
  furtherIdentityProviders: furtherIdentityProviders.default([]),
  /** Lifetime of a user session in hours. Default 8. */
  sessionHours: z
    .number()
    .min(1 / 3600)
    .max(720)
    .default(8),
  /**
   * true: a fresh sign-in that does not say when it was (claim `auth_time`) counts from when its token was made. Whoever removes
   * `prompt=login` from the address on its way then passes with an old one. Default false: it does not count as fresh.
   */
  trustIssuedAtOfFreshSignIn: z.boolean().default(false),
  /**
   * true: the registration sends the claim `groups`, so a token without it is of somebody in no group (Entra leaves an empty list out).
   * Default false: their groups are unknown, and policies that ask for groups refuse. A token that lists groups counts either way.
   */
  expectGroupsClaim: z.boolean().default(false),
  /** Claims kept of people besides those that decide, by name, for headers of origins. Default: none, 32 at most. */
  keepClaims: z
    .array(
      z
        .string()
        .min(1)
        .max(128)
        .superRefine((name, context) => {
          const problem = problemOfKeptClaim(name);
          if (problem !== null) context.addIssue({ code: 'custom', message: `${name} ${problem}` });
        }),
    )
    .max(MAX_KEPT_CLAIMS)
    .default([]),
  /**
   * Minutes after which a session that is used is confirmed by the identity provider's refresh token. One that has none ends early, see
   * `refreshTokens` of the provider. null: never, and no refresh tokens are asked for or kept. Default null.
   */
  refreshMinutes: z.number().min(1).max(1440).nullable().default(null),
  /** Minutes a session goes on unconfirmed since the first attempt that failed; then people sign in again. Default 60. */
  refreshGraceMinutes: z.number().min(1).max(10_080).default(60),
  /** Seconds a decision may be answered again, here and at the ingress. Default 60; 0 decides every time. */
  decisionCacheSeconds: z.number().int().min(0).max(300).default(60),
  /** Directory (0700) for the sealing keys, the key of origins' secrets and the assertion key, made at the first start (files 0600). */
  keyDirectory: file,
  /** PEM file with further CA certificates for the https of apps' token services; default: those Node.js ships. */
  tokenServiceCaFile: file.optional(),
  /** Public key (PEM, P-256) of the operator on this machine (ADR-0001, 10); null: no such tokens. Default null. */
  localOperator: z.strictObject({ publicKeyFile: file }).nullable().default(null),
  /** Directory role template ids (`wids`) whose holders administer Sallyport. Default: Global and Application Administrator. */
  administratorRoles: z.array(z.string().max(128)).max(50).default(DEFAULT_ADMINISTRATOR_ROLES),
  /**
   * .mmdb file (MaxMind DB 2.0) with countries of addresses, at most 256 MiB; watched, a new one counts within seconds. null: policies
   * that ask for a country refuse. Default null.
   */
  countryDatabase: file.nullable().default(null),
  /**
   * true: the tokens of administrators say that they are no guests (claim `acct`), so a policy for guests locks none of them out. Default
   * false: one that may cover the portal is taken by force only.
   */
  expectGuestClaim: z.boolean().default(false),
  /** Implementation of sealing; both read each other's cookies. Default `node-jose`. */
  sealer: z.enum(['node-jose', 'node-crypto']).default('node-jose'),
  /** Days after which a start makes a new sealing key; older ones still open. Default 30. */
  sealingKeyDays: z.number().int().min(1).max(3650).default(30),
});
export const authConfig = options.superRefine(refuseRepeatedProviders);
export type AuthConfig = z.infer<typeof authConfig>;
