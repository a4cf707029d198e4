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
});
export type UserConfig = z.infer<typeof userConfig>;

const clients = z.object({
  /** The confidential client Sallyport's auth service is. */
  web: z
    .object({
      clientId: guid.default(demoDirectory.clientIds.web),
      clientSecret: z.string().min(16, 'expected at least 16 characters').max(200).optional(),
      clientSecretFile: file.optional(),
      redirectUris: z.array(httpsUrl).min(1).max(20),
      postLogoutRedirectUris: z.array(httpsUrl).max(20).default([]),
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
});

/** Configuration of the development identity provider. Everything but `tls`, `clients.web` and `keyFile` has a default. */
export const devIdentityProviderConfig = z.object({
  /** 0: any free port; the issuer carries the one it got. */
  port: z.number().int().min(0).max(65_535).default(8445),
  host: z.string().min(1).max(255).default('127.0.0.1'),
  tls: z.object({ certFile: file, keyFile: file }),
  tenantId: guid.default(demoDirectory.tenantId),
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
