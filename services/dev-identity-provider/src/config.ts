import { z } from 'zod';
import { demoDirectory } from '#libs/demo-directory';

const guid = z.guid('expected a GUID');
const file = z.string().min(1).max(4096);
const httpsUrl = z.url({ protocol: /^https$/, error: 'expected an https address' }).max(2048);

export const userConfig = z.object({
  username: z.string().regex(/^[\w.@-]{1,64}$/, 'expected 1 to 64 letters, digits, . _ - or @'),
  password: z.string().min(1).max(200),
  name: z.string().min(1).max(200),
  /** Stable object id in the directory (Entra `oid`). */
  oid: guid,
  /** Default `<username>@sallyport.example`; also `preferred_username` and `upn`, as in Entra. */
  email: z.string().max(320).optional(),
  /** Above 200 the tokens name none of them and say so, as those of Entra do. */
  groups: z.array(guid).max(1000).default([]),
  /** Directory role template ids (Entra `wids`). */
  directoryRoles: z.array(guid).max(50).default([]),
  /** App roles. */
  roles: z.array(z.string().max(128)).max(50).default([]),
  /** Claim `acct`, in Entra an optional one: whether the person is a guest of the directory. Default: tokens do not say. */
  isGuest: z.boolean().optional(),
  /** Further claims of the person, such as `department` or `signin_state`, in every token. */
  claims: z.record(z.string().regex(/^\w{1,64}$/), z.json()).default({}),
});
export type UserConfig = z.infer<typeof userConfig>;

/** An app that takes access tokens: scopes `api://<clientId>/<name>`, and `/.default` for programs alone. */
const apiConfig = z.object({
  clientId: guid,
  scopes: z
    .array(z.string().regex(/^[\w.-]{1,64}$/))
    .min(1)
    .max(20),
});

/** A program on its own behalf: client credentials, no user. */
const daemonConfig = z.object({
  clientId: guid,
  clientSecret: z.string().min(16, 'expected at least 16 characters').max(200),
  /** Of its service principal. */
  oid: guid,
  /** App roles granted to it, by the client id of the API. */
  roles: z.record(guid, z.array(z.string().max(128)).max(50)).default({}),
});

const clients = z.object({
  /** The confidential client Sallyport's auth service is. */
  web: z
    .object({
      clientId: guid.default(demoDirectory.clientIds.web),
      clientSecret: z.string().min(16, 'expected at least 16 characters').max(200).optional(),
      clientSecretFile: file.optional(),
      redirectUris: z.array(httpsUrl).min(1).max(20),
      postLogoutRedirectUris: z.array(httpsUrl).max(20).default([]),
      /** Where logout tokens are posted (OpenID Connect Back-Channel Logout 1.0). Default: nowhere. */
      backChannelLogout: z.object({ uri: httpsUrl, caFile: file.optional() }).optional(),
    })
    .refine((web) => (web.clientSecret === undefined) !== (web.clientSecretFile === undefined), {
      error: 'expected either clientSecret or clientSecretFile',
    }),
  /** The public client of command line tools: code + PKCE on `http://localhost:<any>`, device code. */
  cli: z.object({ clientId: guid.default(demoDirectory.clientIds.cli) }).default({
    clientId: demoDirectory.clientIds.cli,
  }),
  /** The API access tokens are for: scopes `api://<clientId>/Sallyport.Manage` and `/Connector.Register`. */
  api: z.object({ clientId: guid.default(demoDirectory.clientIds.api) }).default({
    clientId: demoDirectory.clientIds.api,
  }),
  /** Apps that take access tokens of their own. */
  apis: z
    .array(apiConfig)
    .max(50)
    .default(() => demoDirectory.apis.map((api) => apiConfig.parse(api))),
  daemons: z
    .array(daemonConfig)
    .max(50)
    .default(() => demoDirectory.daemons.map((daemon) => daemonConfig.parse(daemon))),
});

/** Configuration of the development identity provider. Everything but `tls`, `clients.web` and `keyFile` has a default. */
export const devIdentityProviderConfig = z.object({
  /** 0: any free port; the issuer carries the one it got. */
  port: z.number().int().min(0).max(65_535).default(8445),
  host: z.string().min(1).max(255).default('127.0.0.1'),
  tls: z.object({ certFile: file, keyFile: file }),
  /** Path of everything; in the shape `entra` also the directory (tenant) id. */
  tenantId: guid.default(demoDirectory.tenantId),
  /** `openid`: standard claims and paths in place of those of Entra ID. Default `entra`. */
  shape: z.enum(['entra', 'openid']).default('entra'),
  clients,
  users: z
    .array(userConfig)
    .min(1)
    .max(1000)
    .refine((users) => new Set(users.map(({ username }) => username)).size === users.length, {
      error: 'usernames must differ',
    })
    .default(() => demoDirectory.users.map((user) => userConfig.parse(user))),
  /** RSA signing key, made at the first start (mode 0600), so that tokens stay valid over restarts. */
  keyFile: file,
});
export type DevIdentityProviderConfig = z.infer<typeof devIdentityProviderConfig>;
