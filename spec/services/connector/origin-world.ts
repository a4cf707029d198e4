import { createServer as createHttpServer, type RequestListener } from 'node:http';
import { createServer as createHttpsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import type { ConnectorConfiguration } from '#libs/contracts';
import { createLogger } from '#libs/telemetry';
import type { OpenRequest } from '#libs/tunnel-protocol';
import { createOriginTable, type OriginTable } from '../../../services/connector/src/origins/origin-table.ts';
import {
  type OriginServer,
  type ServeOriginsOptions,
  serveOrigins,
} from '../../../services/connector/src/origins/serve-origins.ts';
import { LossyBroker } from '../../libs/tunnel-protocol/lossy-transport.ts';
import { TunnelPair } from '../../libs/tunnel-protocol/tunnel-pair.ts';

export type OriginConfig = ConnectorConfiguration['apps'][number];

export const silentLogger = createLogger({ service: 'spec', write: () => undefined });

export function originConfig(internalUrl: string, changes: Partial<OriginConfig> = {}): OriginConfig {
  return {
    alternateHosts: [],
    segments: null,
    idleTimeoutSeconds: 18_000,
    originCertificateAuthority: null,
    originClientCertificate: null,
    originProtocol: 'auto',
    kerberos: null,
    appId: 'app_one',
    internalUrl,
    externalUrl: 'https://one.sallyport.localhost:8443/',
    backendTimeoutSeconds: 5,
    translateHeaders: true,
    validateBackendCertificate: true,
    ...changes,
  };
}

/** One ingress end and one connector that serves these apps, over memory. */
export class OriginWorld {
  readonly pair: TunnelPair;
  readonly origins: OriginServer;
  table: OriginTable;
  unknownApps = 0;

  private constructor(pair: TunnelPair, apps: readonly OriginConfig[], options: Partial<ServeOriginsOptions>) {
    this.pair = pair;
    this.table = createOriginTable([...apps]);
    this.origins = serveOrigins({
      table: () => this.table,
      logger: silentLogger,
      onUnknownApp: () => {
        this.unknownApps += 1;
        return Promise.resolve();
      },
      ...options,
    });
  }

  static async start(apps: readonly OriginConfig[], options: Partial<ServeOriginsOptions> = {}): Promise<OriginWorld> {
    const broker = new LossyBroker();
    const pair = await TunnelPair.create({
      transport: () => Promise.resolve(broker.transport()),
      close: () => Promise.resolve(),
    });
    const world = new OriginWorld(pair, apps, options);
    await pair.addConnector('con_one', world.origins.onRequest);
    return world;
  }

  fetch(method: string, target: string, more: Partial<Requested> = {}) {
    return this.pair.fetch(request(method, target, more), more.body === undefined ? {} : { body: more.body });
  }

  async stop(): Promise<void> {
    await this.origins.stop();
    await this.pair.close();
  }
}

type Requested = { readonly fields: readonly string[]; readonly body: Buffer; readonly appId: string };

export function request(method: string, target: string, more: Partial<Requested> = {}): Partial<OpenRequest> {
  return {
    head: { method, target, fields: ['host', 'one.sallyport.localhost:8443', ...(more.fields ?? [])] },
    metadata: ['app-id', more.appId ?? 'app_one', 'request-id', 'req_1'],
    headTimeoutMs: 0,
  };
}

export type RunningOrigin = { readonly url: string; readonly port: number; stop(): Promise<void> };

export async function startOrigin(
  listener: RequestListener,
  tls?: { readonly cert: string; readonly key: string },
): Promise<RunningOrigin> {
  const server = tls ? createHttpsServer({ cert: tls.cert, key: tls.key }, listener) : createHttpServer(listener);
  return listening(server, tls ? 'https' : 'http', () => server.closeAllConnections());
}

/** An origin that speaks raw bytes. */
export async function startRawOrigin(onSocket: (socket: Socket) => void): Promise<RunningOrigin> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => undefined);
    onSocket(socket);
  });
  return listening(server, 'http', () => {
    for (const socket of sockets) socket.destroy();
  });
}

async function listening(server: Server, scheme: string, cut: () => void): Promise<RunningOrigin> {
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve());
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `${scheme}://127.0.0.1:${port}/`,
    port,
    stop: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve());
        cut();
      }),
  };
}

/** Value of a field of a response head. */
export function field(fields: readonly string[] | undefined, name: string): string[] {
  const values: string[] = [];
  for (let i = 0; fields && i + 1 < fields.length; i += 2)
    if (fields[i]?.toLowerCase() === name) values.push(fields[i + 1] ?? '');
  return values;
}
