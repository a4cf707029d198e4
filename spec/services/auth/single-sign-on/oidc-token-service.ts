import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createLocalJWKSet, exportJWK, generateKeyPair, type JSONWebKeySet, jwtVerify } from 'jose';
import { errors, Provider } from 'oidc-provider';

const GRANT = 'urn:ietf:params:oauth:grant-type:token-exchange';
const TOKEN_TYPE = 'urn:ietf:params:oauth:token-type:';
const PARAMETERS = ['subject_token', 'subject_token_type', 'requested_token_type', 'audience', 'scope'];

/**
 * A certified authorization server with token exchange: it authenticates the client, checks the assertion by the published keys and
 * gives a signed access token (RFC 9068) for the API that was asked for.
 */
export async function startOidcTokenService(options: {
  readonly clientId: string;
  readonly clientSecret: string;
  /** The only API there is. */
  readonly api: string;
  /** What it trusts: issuer, audience and keys of assertions. */
  readonly assertions: () => { readonly issuer: string; readonly audience: string; readonly keys: JSONWebKeySet };
}): Promise<{
  readonly tokenEndpoint: string;
  readonly issuer: string;
  readonly keys: JSONWebKeySet;
  stop(): Promise<void>;
}> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve()));
  const issuer = `http://localhost:${(server.address() as AddressInfo).port}`;
  const { privateKey, publicKey } = await generateKeyPair('ES256', { extractable: true });
  const key = { kid: 'k1', alg: 'ES256', use: 'sig' };
  const api = {
    scope: 'read write',
    audience: options.api,
    accessTokenFormat: 'jwt',
    jwt: { sign: { alg: 'ES256' } },
  } as const;
  const provider = new Provider(issuer, {
    clients: [
      {
        client_id: options.clientId,
        client_secret: options.clientSecret,
        grant_types: [GRANT],
        redirect_uris: [],
        response_types: [],
        id_token_signed_response_alg: 'ES256',
        token_endpoint_auth_method: 'client_secret_basic',
      },
    ],
    jwks: { keys: [{ ...(await exportJWK(privateKey)), ...key }] },
    ttl: { AccessToken: 90 },
    features: { devInteractions: { enabled: false }, resourceIndicators: { enabled: true } },
  });
  provider.registerGrantType(
    GRANT,
    async (ctx) => {
      const { client, params } = ctx.oidc;
      const given = (name: string) => {
        const value = params?.[name];
        return typeof value === 'string' ? value : '';
      };
      if (client === undefined) throw new errors.InvalidClient('no client');
      if (given('audience') !== options.api) throw new errors.InvalidTarget();
      const { issuer: from, audience, keys } = options.assertions();
      const checked = await jwtVerify(given('subject_token'), createLocalJWKSet(keys), {
        issuer: from,
        audience,
      }).catch(() => undefined);
      if (checked === undefined || given('subject_token_type') !== `${TOKEN_TYPE}jwt`)
        throw new errors.InvalidGrant('assertion not taken');
      const accountId = String(checked.payload.sub);
      const token = new provider.AccessToken({
        accountId,
        client,
        gty: 'token_exchange',
        scope: given('scope'),
      } as never);
      token.resourceServer = new provider.ResourceServer(options.api, api);
      ctx.body = {
        access_token: await token.save(),
        issued_token_type: `${TOKEN_TYPE}access_token`,
        token_type: token.tokenType,
        expires_in: token.expiration,
      };
    },
    PARAMETERS,
  );
  server.on('request', provider.callback());
  return {
    tokenEndpoint: `${issuer}/token`,
    issuer,
    keys: { keys: [{ ...(await exportJWK(publicKey)), ...key }] },
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
