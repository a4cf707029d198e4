import { readFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { NatsConnection } from 'nats';
import { SallyportError } from '#libs/errors';
import { callEndpoint, connectBroker } from '#libs/messaging';
import type { RunningService, ServiceContext, ServiceDefinition } from '#libs/service-host';
import type { Logger } from '#libs/telemetry';
import { createFollowers } from './api/followers.ts';
import { createApiApp } from './api/http-app.ts';
import type { Backbone } from './api/route.ts';
import { createRoutes } from './api/service-routes.ts';
import { openCertificateFiles } from './certificate-files.ts';
import { type ConsoleConfig, consoleConfig } from './config.ts';
import {
  CALL_TIMEOUT_MS,
  CHECK_INTERVAL_MS,
  HANDSHAKE_TIMEOUT_MS,
  HEADERS_TIMEOUT_MS,
  HEALTH_TIMEOUT_MS,
  KEEP_ALIVE_MS,
  MAX_CONNECTIONS,
  REQUEST_TIMEOUT_MS,
} from './limits.ts';

/** What the console needs from outside; specs hand in their own connection. */
export type ConsolePorts = { readonly backbone: NatsConnection; close(): Promise<void> };

/** Errors: ERR_CONSOLE_TLS, ERR_CONSOLE_LISTEN, ERR_MESSAGING_*. */
export async function startConsole(
  config: ConsoleConfig,
  { logger }: ServiceContext,
  given?: ConsolePorts,
): Promise<RunningService & { readonly port: number }> {
  const tls = await readTls(config);
  const ports = given ?? (await openPorts(config, logger));
  const followers = createFollowers({ logger });
  const backbone = overNats(ports.backbone, config.tenant);
  const { certificatesDirectory } = config;
  const files = certificatesDirectory === undefined ? undefined : openCertificateFiles(certificatesDirectory);
  const routes = createRoutes(backbone, () => isHubReachable(ports.backbone), files);
  let server: Server;
  let port: number;
  try {
    server = createTlsServer(tls, createApiApp({ routes, backbone, followers, logger }), logger);
    port = await listen(server, config);
  } catch (error) {
    await ports.close();
    throw error;
  }
  const closed = once(() => closeServer(server));
  return {
    port,
    ready: { apiUrl: `https://${config.host}:${port}/v1/` },
    drain: async () => {
      followers.stop();
      await closed();
    },
    stop: async () => {
      followers.stop();
      const closing = closed();
      server.closeAllConnections();
      await closing;
      await ports.close();
    },
  };
}

export const consoleService: ServiceDefinition<ConsoleConfig> = {
  name: 'console',
  config: consoleConfig,
  start: startConsole,
};

function overNats(nc: NatsConnection, tenant: string): Backbone {
  return {
    ask: (endpoint, request, options) =>
      callEndpoint(nc, tenant, endpoint, request, { timeoutMs: options?.timeoutMs ?? CALL_TIMEOUT_MS }),
  };
}

async function openPorts(config: ConsoleConfig, logger: Logger): Promise<ConsolePorts> {
  const backbone = await connectBroker({
    access: config.broker,
    credsFile: config.credentials.backbone,
    name: 'console',
    inboxPrefix: '_INBOX_console',
    logger,
  });
  return { backbone, close: () => backbone.close() };
}

async function isHubReachable(nc: NatsConnection): Promise<boolean> {
  if (nc.isClosed()) return false;
  const timeout = new AbortController();
  const late = delay(HEALTH_TIMEOUT_MS, false, { signal: timeout.signal }).catch(() => false);
  const answered = nc.rtt().then(
    () => true,
    () => false,
  );
  const isReachable = await Promise.race([answered, late]);
  timeout.abort();
  return isReachable;
}

type Tls = { readonly cert: string; readonly key: string };

async function readTls({ tls }: ConsoleConfig): Promise<Tls> {
  try {
    const [cert, key] = await Promise.all([readFile(tls.certFile, 'utf8'), readFile(tls.keyFile, 'utf8')]);
    return { cert, key };
  } catch (cause) {
    throw new SallyportError('ERR_CONSOLE_TLS', `certificate ${tls.certFile} or key ${tls.keyFile} cannot be read`, {
      cause,
      expose: true,
    });
  }
}

function createTlsServer(tls: Tls, app: RequestListener, logger: Logger): Server {
  try {
    const times = { handshakeTimeout: HANDSHAKE_TIMEOUT_MS, connectionsCheckingInterval: CHECK_INTERVAL_MS };
    const server = createServer({ ...tls, ...times, minVersion: 'TLSv1.2' }, app);
    server.headersTimeout = HEADERS_TIMEOUT_MS;
    server.requestTimeout = REQUEST_TIMEOUT_MS;
    server.keepAliveTimeout = KEEP_ALIVE_MS;
    server.maxConnections = MAX_CONNECTIONS;
    // A caller that speaks no TLS or does not trust the certificate ends here; its socket is closed by Node.
    server.on('tlsClientError', (error) => logger.debug('tls handshake failed', { error }));
    return server;
  } catch (cause) {
    throw new SallyportError('ERR_CONSOLE_TLS', 'certificate and key cannot be used together', { cause, expose: true });
  }
}

function listen(server: Server, { host, port }: ConsoleConfig): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) =>
      reject(
        new SallyportError('ERR_CONSOLE_LISTEN', `cannot listen on ${host}:${port}: is the port in use?`, {
          cause,
          expose: true,
          details: { host, port },
        }),
      ),
    );
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
}

function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => {
    // An error here means that it is closed already.
    server.close(() => resolve());
    server.closeIdleConnections();
  });
}

function once(run: () => Promise<void>): () => Promise<void> {
  let running: Promise<void> | undefined;
  return () => {
    running ??= run();
    return running;
  };
}
