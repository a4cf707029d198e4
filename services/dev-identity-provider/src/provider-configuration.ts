import { randomBytes } from 'node:crypto';
import type { Configuration, KoaContextWithOIDC } from 'oidc-provider';
import type { DevIdentityProviderConfig } from './config.ts';
import { claimNamesOf, type Directory, entraClaims } from './directory.ts';
import type { OidcProviderModule } from './load-oidc-provider.ts';
import { createLogoutFetch } from './logout-fetch.ts';
import { confirmPage, errorPage, escapeHtml, messagePage } from './pages.ts';
import { type Resource, resourcesOf, shapeAccessToken, textsOf } from './resources.ts';
import { askSecondFactor, grantedContexts } from './second-factor.ts';
import type { SigningKey } from './signing-key.ts';

const DEVICE_CODE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';
/** Seconds. */
const TTL = {
  Session: 86_400,
  Interaction: 3600,
  Grant: 86_400,
  AccessToken: 3600,
  ClientCredentials: 3600,
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
  // oidc-provider gives refresh tokens on prompt=consent only, which the request handler adds: nobody is asked, as at Entra.
  policy.get('consent')?.checks.remove('consent_prompt');
  askSecondFactor(module, policy);
  const resources = resourcesOf(config);
  const claimNames = claimNamesOf(config.users);
  const { backChannelLogout } = config.clients.web;
  return {
    jwks: { keys: [parts.signingKey.jwk] },
    enabledJWA: { idTokenSigningAlgValues: ['RS256'], userinfoSigningAlgValues: ['RS256'] },
    clients: clientsOf(parts),
    responseTypes: ['code'],
    scopes: ['openid', 'offline_access', 'profile', 'email'],
    claims: { openid: claimNames, profile: [], email: [], acr: null, sid: null, auth_time: null, iss: null },
    conformIdTokenClaims: false,
    features: { ...featuresOf(resources), backchannelLogout: { enabled: backChannelLogout !== undefined } },
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
    issueRefreshToken: (_ctx, client, { scopes }) =>
      client.grantTypeAllowed('refresh_token') && scopes.has('offline_access'),
    // Each is good once; used twice, all of its line are taken back (RFC 9700, 4.14.2). Entra is milder.
    rotateRefreshToken: true,
    ...(backChannelLogout === undefined ? {} : { fetch: createLogoutFetch(backChannelLogout.caFile) }),
    interactions: { policy, url: (_ctx, interaction) => `/${config.tenantId}/login/${interaction.uid}` },
    cookies: { keys: [randomBytes(32).toString('base64url')] },
    ttl: TTL,
    findAccount: (_ctx, id, token) => {
      const person = directory.find(id);
      if (person === undefined) return undefined;
      const contexts = contextsOf(token);
      return { accountId: id, claims: () => entraClaims(person, config.tenantId, contexts) };
    },
    loadExistingGrant: (ctx) => grantEverything(resources, claimNames, ctx),
    renderError: (ctx, out) => {
      ctx.type = 'html';
      ctx.body = errorPage(out.error, out.error_description ?? 'The identity provider gave no description.');
    },
  };
}

function clientsOf({ config, clientSecret }: ProviderParts): NonNullable<Configuration['clients']> {
  const { web, cli, daemons } = config.clients;
  return [
    {
      client_id: web.clientId,
      client_name: 'Sallyport',
      client_secret: clientSecret,
      redirect_uris: web.redirectUris,
      post_logout_redirect_uris: web.postLogoutRedirectUris,
      response_types: ['code'],
      grant_types: ['authorization_code', 'refresh_token'],
      token_endpoint_auth_method: 'client_secret_post',
      ...(web.backChannelLogout && {
        backchannel_logout_uri: web.backChannelLogout.uri,
        backchannel_logout_session_required: true,
      }),
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
    ...daemons.map(({ clientId, clientSecret: secret }) => ({
      client_id: clientId,
      client_name: 'A program on its own behalf',
      client_secret: secret,
      redirect_uris: [],
      response_types: [],
      grant_types: ['client_credentials'],
      token_endpoint_auth_method: 'client_secret_post' as const,
    })),
  ];
}

/** Of the code a token is made from: how its person signed in, and what its request asked for. */
function contextsOf(token: object | undefined): readonly string[] {
  const { amr, claims } = { amr: undefined, claims: undefined, ...token } as { amr: unknown; claims: unknown };
  return grantedContexts(textsOf(amr), claims);
}

function featuresOf(resources: readonly Resource[]): NonNullable<Configuration['features']> {
  return {
    clientCredentials: { enabled: true },
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
        const asked = typeof scope === 'string' ? scope : '';
        return resources.find(({ uri }) => asked.includes(`${uri}/`))?.uri ?? [];
      },
      useGrantedResource: () => true,
      getResourceServerInfo: (_ctx, asked) => {
        const resource = resources.find(({ uri }) => uri === asked);
        if (resource === undefined) throw new Error(`unknown resource ${asked}`);
        return {
          scope: resource.scope,
          audience: resource.clientId,
          accessTokenFormat: 'jwt',
          accessTokenTTL: TTL.AccessToken,
          jwt: { sign: { alg: 'RS256' } },
        };
      },
    },
  };
}

async function grantEverything(resources: readonly Resource[], claimNames: string[], ctx: KoaContextWithOIDC) {
  const { client, session, provider } = ctx.oidc;
  const clientId = client?.clientId;
  const accountId = session?.accountId;
  if (clientId === undefined || accountId === undefined) return undefined;
  const { Grant } = provider;
  const grantId = session?.grantIdFor(clientId);
  const known = grantId === undefined ? undefined : await Grant.find(grantId);
  const grant = known ?? new Grant({ clientId, accountId });
  grant.addOIDCScope('openid profile email offline_access');
  grant.addOIDCClaims(claimNames);
  for (const { uri, scope } of resources) grant.addResourceScope(uri, scope);
  await grant.save();
  return grant;
}
