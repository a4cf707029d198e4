import { z } from 'zod';
import { tenantId } from '#libs/contracts';
import { brokerAccess } from '#libs/messaging';

const file = z.string().min(1).max(4096);
const httpsUrl = z.url({ protocol: /^https$/, error: 'expected an https address' }).max(2048);

/** Role template ids of Entra ID: Global Administrator and Application Administrator. */
export const DEFAULT_ADMINISTRATOR_ROLES = [
  '62e90394-69f5-4237-9190-012177145e10',
  '9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3',
];

const identityProvider = z.strictObject({
  /** Exactly as in the provider's metadata: `https://login.microsoftonline.com/<tenant id>/v2.0`. */
  issuer: httpsUrl,
  /** Directory (tenant) id; tokens of any other are refused. */
  tenantId: z.guid('expected a GUID'),
  /** Application (client) id of the web app registration. */
  clientId: z.string().min(1).max(128),
  /** File that holds the client secret's value and nothing else. */
  clientSecretFile: file,
  /** Application (client) id, or `api://<id>`, of the API whose access tokens administer Sallyport. */
  apiAudience: z.string().min(1).max(200),
  /** PEM file with further CA certificates for the provider's https; default: those Node.js ships. */
  caFile: file.optional(),
  /** Milliseconds for one exchange with the provider. Default 4000, below the 5 s the ingress waits. */
  timeoutMs: z.number().int().min(100).max(60_000).default(4000),
});
export type IdentityProviderConfig = z.infer<typeof identityProvider>;

export const authConfig = z.strictObject({
  tenant: tenantId,
  broker: brokerAccess,
  credentials: z.object({ backbone: file, core: file }),
  /** Origin of the sign-in host, with its port: `https://login.sallyport.localhost:8443`. */
  signInUrl: httpsUrl,
  /** Where "My apps" is: `https://portal.sallyport.localhost:8443/`. */
  portalUrl: httpsUrl,
  identityProvider,
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
  /** Seconds a decision may be answered again, here and at the ingress. Default 60; 0 decides every time. */
  decisionCacheSeconds: z.number().int().min(0).max(300).default(60),
  /** Directory (0700) for the sealing keys and the assertion key, made at the first start (files 0600). */
  keyDirectory: file,
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
export type AuthConfig = z.infer<typeof authConfig>;
