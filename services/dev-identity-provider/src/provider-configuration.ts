import { randomBytes } from 'node:crypto';
import type { Configuration, KoaContextWithOIDC } from 'oidc-provider';
import type { DevIdentityProviderConfig } from './config.ts';
import { type Directory, ENTRA_CLAIMS, entraClaims } from './directory.ts';
import type { OidcProviderModule } from './load-oidc-provider.ts';
import { confirmPage, errorPage, escapeHtml, messagePage } from './pages.ts';
import { askSecondFactor, grantedContexts } from './second-factor.ts';
import type { SigningKey } from './signing-key.ts';

const DEVICE_CODE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';
/** Short names, as they stand in `scp`. */
const API_SCOPES = ['Sallyport.Manage', 'Connector.Register', '.default'] as const;
/** Seconds. */
const TTL = {
  Session: 86_400,
  Interaction: 3600,
  Grant: 86_400,
  AccessToken: 3600,
  IdToken: 3600,
  DeviceCode: 900,
  RefreshToken: 86_400,
  AuthorizationCode: 60,
} as const;

export type ProviderParts = {
  readonly config: DevIdentityProviderConfig;
  readonly clientSecret: string;
  readonly directory: Directory;
  readonly signingKey: SigningKey;
};

/** oidc-provider shaped like Entra ID v2.0 with one tenant (reference: Microsoft identity platform, v2.0 endpoints). */
export function providerConfiguration(module: OidcProviderModule, parts: ProviderParts): Configuration {
  const { config, directory } = parts;
  const { interactionPolicy } = module;
  const policy = interactionPolicy.base();
  // Entra asks native clients for no second consent; without this the prompt would never end.
  policy.get('consent')?.checks.remove('native_client_prompt');
  askSecondFactor(module, policy);
  return {
    jwks: { keys: [parts.signingKey.jwk] },
    enabledJWA: { idTokenSigningAlgValues: ['RS256'], userinfoSigningAlgValues: ['RS256'] },
    clients: clientsOf(parts),
    responseTypes: ['code'],
    scopes: ['openid', 'offline_access', 'profile', 'email'],
    claims: { openid: [...ENTRA_CLAIMS], profile: [], email: [], acr: null, sid: null, auth_time: null, iss: null },
    conformIdTokenClaims: false,
    features: featuresOf(config),
    extraTokenClaims: (ctx) => {
      const { AuthorizationCode, DeviceCode, RefreshToken } = ctx.oidc.entities;
      return { acrs: contextsOf(AuthorizationCode ?? DeviceCode ?? RefreshToken) };
    },
    formats: { customizers: { jwt: (_ctx, token, jwt) => shapeAccessToken(parts, token, jwt) } },
    extraParams: ['domain_hint', 'x-client-SKU', 'x-client-Ver'],
    pkce: { required: (_ctx, client) => client.applicationType === 'native' },
    routes: {
      authorization: '/oauth2/v2.0/authorize',
      token: '/oauth2/v2.0/token',
      jwks: '/discovery/v2.0/keys',
      device_authorization: '/oauth2/v2.0/devicecode',
      code_verification: '/oauth2/deviceauth',
      end_session: '/oauth2/v2.0/logout',
      userinfo: '/oidc/userinfo',
    },
    issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    interactions: { policy, url: (_ctx, interaction) => `/${config.tenantId}/login/${interaction.uid}` },
    cookies: { keys: [randomBytes(32).toString('base64url')] },
    ttl: TTL,
    findAccount: (_ctx, id, token) => {
      const person = directory.find(id);
      if (person === undefined) return undefined;
      const contexts = contextsOf(token);
      return { accountId: id, claims: () => entraClaims(person, config.tenantId, contexts) };
    },
    loadExistingGrant: (ctx) => grantEverything(config, ctx),
    renderError: (ctx, out) => {
      ctx.type = 'html';
      ctx.body = errorPage(out.error, out.error_description ?? 'The identity provider gave no description.');
    },
  };
}

function clientsOf({ config, clientSecret }: ProviderParts): NonNullable<Configuration['clients']> {
  const { web, cli } = config.clients;
  return [
    {
      client_id: web.clientId,
      client_name: 'Sallyport',
      client_secret: clientSecret,
      redirect_uris: web.redirectUris,
      post_logout_redirect_uris: web.postLogoutRedirectUris,
      response_types: ['code'],
      grant_types: ['authorization_code'],
      token_endpoint_auth_method: 'client_secret_post',
      // As with the optional claim `auth_time` in Entra: sign-ins can be judged by their age.
      require_auth_time: true,
    },
    {
      client_id: cli.clientId,
      client_name: 'Sallyport command line',
      application_type: 'native',
      redirect_uris: ['http://localhost', 'http://localhost/', 'http://127.0.0.1', 'http://127.0.0.1/'],
      response_types: ['code'],
      grant_types: ['authorization_code', 'refresh_token', DEVICE_CODE_GRANT],
      token_endpoint_auth_method: 'none',
    },
  ];
}

/** Of the code a token is made from: how its person signed in, and what its request asked for. */
function contextsOf(token: object | undefined): readonly string[] {
  const { amr, claims } = { amr: undefined, claims: undefined, ...token } as { amr: unknown; claims: unknown };
  return grantedContexts(textsOf(amr), claims);
}

function textsOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === 'string') : [];
}

/** `api://<client id>`, the resource all our scopes belong to. */
function resourceOf(config: DevIdentityProviderConfig): string {
  return `api://${config.clients.api.clientId}`;
}

function resourceScopes(config: DevIdentityProviderConfig): string {
  return API_SCOPES.map((scope) => `${resourceOf(config)}/${scope}`).join(' ');
}

function featuresOf(config: DevIdentityProviderConfig): NonNullable<Configuration['features']> {
  const resource = resourceOf(config);
  return {
    devInteractions: { enabled: false },
    claimsParameter: { enabled: true },
    deviceFlow: {
      enabled: true,
      userCodeInputSource: (ctx, _form, _out, problem) => {
        const action = escapeHtml(ctx.oidc.urlFor('code_verification'));
        const secret = ctx.oidc.session?.state?.secret;
        const xsrf = typeof secret === 'string' ? escapeHtml(secret) : '';
        const form = `<form method="post" action="${action}"><input type="hidden" name="xsrf" value="${xsrf}">
<label for="user_code">Code</label><input id="user_code" name="user_code" autocomplete="off" required></form>`;
        const text = problem
          ? '<p role="alert">That code is unknown, expired or used. Look at your device again.</p>'
          : '<p>Enter the code your device shows.</p>';
        ctx.body = confirmPage({ title: 'Connect a device', text, form, button: 'Continue' });
      },
      userCodeConfirmSource: (ctx, form, client, _deviceInfo, userCode) => {
        const text = `<p>${escapeHtml(client.clientName ?? client.clientId)} shows this code on your device:</p>
<p><code>${escapeHtml(userCode)}</code></p><p>Continue only if you started this yourself.</p>`;
        ctx.body = confirmPage({ title: 'Confirm the device', text, form, button: 'Continue' });
      },
      successSource: (ctx) => {
        ctx.body = messagePage('Device connected', 'You can close this page.');
      },
    },
    rpInitiatedLogout: {
      enabled: true,
      logoutSource: (ctx, form) => {
        const text = '<p>Sign out of the development identity provider?</p>';
        const yes = form.replace('</form>', '<input type="hidden" name="logout" value="yes"></form>');
        ctx.body = confirmPage({ title: 'Sign out', text, form: yes, button: 'Sign out' });
      },
      postLogoutSuccessSource: (ctx) => {
        ctx.body = messagePage('Signed out', 'You are signed out of the development identity provider.');
      },
    },
    resourceIndicators: {
      enabled: true,
      // As in Entra, the resource follows from the prefix of the scope.
      defaultResource: (ctx, _client, oneOf) => {
        if (oneOf?.[0] !== undefined) return oneOf[0];
        const scope = ctx.oidc.params?.scope;
        return typeof scope === 'string' && scope.includes(`${resource}/`) ? resource : [];
      },
      useGrantedResource: () => true,
      getResourceServerInfo: (_ctx, asked) => {
        if (asked !== resource) throw new Error(`unknown resource ${asked}`);
        return {
          scope: resourceScopes(config),
          audience: config.clients.api.clientId,
          accessTokenFormat: 'jwt',
          accessTokenTTL: TTL.AccessToken,
          jwt: { sign: { alg: 'RS256' } },
        };
      },
    },
  };
}

async function grantEverything(config: DevIdentityProviderConfig, ctx: KoaContextWithOIDC) {
  const { client, session, provider } = ctx.oidc;
  const clientId = client?.clientId;
  const accountId = session?.accountId;
  if (clientId === undefined || accountId === undefined) return undefined;
  const { Grant } = provider;
  const grantId = session?.grantIdFor(clientId);
  const known = grantId === undefined ? undefined : await Grant.find(grantId);
  const grant = known ?? new Grant({ clientId, accountId });
  grant.addOIDCScope('openid profile email offline_access');
  grant.addOIDCClaims([...ENTRA_CLAIMS]);
  grant.addResourceScope(resourceOf(config), resourceScopes(config));
  await grant.save();
  return grant;
}

type JwtParts = { header?: Record<string, unknown> | undefined; payload: Record<string, unknown> };

/** Access tokens of Entra v2.0: short scope names in `scp`, the client in `azp`, `typ: "JWT"`. */
function shapeAccessToken({ config, directory }: ProviderParts, token: object, jwt: JwtParts): void {
  const { scope, client_id: clientId, ...payload } = jwt.payload;
  const person =
    'accountId' in token && typeof token.accountId === 'string' ? directory.find(token.accountId) : undefined;
  const names = (typeof scope === 'string' ? scope : '')
    .split(' ')
    .map((name) => name.slice(name.lastIndexOf('/') + 1))
    .filter((name) => name !== '' && name !== '.default');
  jwt.header = { typ: 'JWT' };
  jwt.payload = {
    ...payload,
    azp: clientId,
    azpacr: '0',
    ...(names.length > 0 ? { scp: names.join(' ') } : {}),
    ...(person === undefined ? {} : entraClaims(person, config.tenantId, textsOf(payload.acrs))),
  };
}
