import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import type { RunningService, ServiceContext, ServiceDefinition } from '#libs/service-host';
import { type DevIdentityProviderConfig, devIdentityProviderConfig } from './config.ts';
import { createDirectory } from './directory.ts';
import { issueEntraIdTokens } from './entra-id-tokens.ts';
import { fileError, listenError } from './errors.ts';
import { withOidcProvider } from './load-oidc-provider.ts';
import { openidShaped } from './openid-shape.ts';
import { providerConfiguration } from './provider-configuration.ts';
import { createRequestHandler } from './request-handler.ts';
import { loadSigningKey } from './signing-key.ts';

/** Slow or idle clients are cut off, in milliseconds. */
const REQUEST_TIMEOUT_MS = 15_000;
const MAX_CONNECTIONS = 500;

export type RunningDevIdentityProvider = RunningService & { readonly issuer: string; readonly port: number };

/** Errors: ERR_DEV_IDP_FILE, ERR_DEV_IDP_LISTEN. */
export async function startDevIdentityProvider(
  config: DevIdentityProviderConfig,
  { logger }: ServiceContext,
): Promise<RunningDevIdentityProvider> {
  const tls = { cert: readOrFail(config.tls.certFile, 'certificate'), key: readOrFail(config.tls.keyFile, 'key') };
  const { web } = config.clients;
  const clientSecret = web.clientSecret ?? readOrFail(web.clientSecretFile ?? '', 'client secret file').trim();
  const signingKey = loadSigningKey(config.keyFile);
  const directory = createDirectory(config.users);
  const server = createTlsServer(tls, config.tls.certFile);
  const port = await listen(server, config);
  const { tenantId } = config;
  const isEntra = config.shape === 'entra';
  const issuer = `https://localhost:${port}/${tenantId}${isEntra ? '/v2.0' : ''}`;
  const provider = await withOidcProvider(logger, (module) => {
    const parts = { config, clientSecret, directory, signingKey };
    const entraShaped = providerConfiguration(module, parts);
    return new module.Provider(issuer, isEntra ? entraShaped : openidShaped(entraShaped, parts));
  });
  provider.on('server_error', (_ctx, error) => logger.error('identity provider failed', { error }));
  if (isEntra) issueEntraIdTokens(provider, signingKey);
  server.on('request', createRequestHandler({ provider, tenantId, directory, logger }));
  logger.warn('development identity provider: not for production', { issuer });
  const stop = async () => {
    const closed = new Promise<void>((resolve) => server.close(() => resolve()));
    server.closeAllConnections();
    await closed;
  };
  return { issuer, port, ready: { issuer, development: true }, drain: async () => {}, stop };
}

export const devIdentityProvider: ServiceDefinition<DevIdentityProviderConfig> = {
  name: 'dev-identity-provider',
  config: devIdentityProviderConfig,
  start: startDevIdentityProvider,
};

function createTlsServer(tls: { readonly cert: string; readonly key: string }, certFile: string): Server {
  try {
    const server = createServer({ ...tls, minVersion: 'TLSv1.2', requestTimeout: REQUEST_TIMEOUT_MS });
    server.maxConnections = MAX_CONNECTIONS;
    return server;
  } catch (cause) {
    throw fileError(certFile, 'certificate or its key', cause);
  }
}

function listen(server: Server, { port, host }: DevIdentityProviderConfig): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => reject(listenError(`${host}:${port}`, cause)));
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
}

function readOrFail(path: string, what: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw fileError(path, what, cause);
  }
}
