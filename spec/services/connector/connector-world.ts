import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { connect, type NatsConnection } from 'nats';
import { Secret } from '#libs/config';
import type { RunningService } from '#libs/service-host';
import { createLogger } from '#libs/telemetry';
import { natsTransport } from '#libs/tunnel-protocol';
import { enroll } from '../../../services/connector/src/enrollment/enroll.ts';
import { startConnector } from '../../../services/connector/src/service.ts';
import { type StatePaths, statePaths } from '../../../services/connector/src/state-directory.ts';
import { TunnelPair } from '../../libs/tunnel-protocol/tunnel-pair.ts';
import { findNatsServer, type RunningNatsServer, startNatsServer } from '../../support/nats-server.ts';
import { ADMIN_TOKEN, type FakeService, startFakeService } from './fake-service.ts';

export type LogLine = { readonly message: string; readonly version?: number } & Readonly<Record<string, unknown>>;

/** A hub with a mutual TLS leaf listener, the fake service, and an ingress end; connectors are started as `run` does. */
export class ConnectorWorld {
  readonly service: FakeService;
  readonly hub: RunningNatsServer;
  readonly pair: TunnelPair;
  readonly ingress: NatsConnection;
  readonly lines: LogLine[] = [];
  readonly paths: StatePaths;
  #connectors: RunningService[] = [];

  private constructor(service: FakeService, hub: RunningNatsServer, ingress: NatsConnection, pair: TunnelPair) {
    this.service = service;
    this.hub = hub;
    this.ingress = ingress;
    this.pair = pair;
    this.paths = statePaths(join(service.folder, 'state'));
  }

  static async start(): Promise<ConnectorWorld> {
    const service = await startFakeService();
    const leafPort = await freePort();
    const hub = await startNatsServer({ config: leafListener(service, leafPort) });
    service.leafAddresses = [`tls://localhost:${leafPort}`];
    const ingress = await connect({ servers: hub.url, noAsyncTraces: true, noEcho: true, maxReconnectAttempts: -1 });
    const pair = await TunnelPair.create({
      transport: () => Promise.resolve(natsTransport(ingress)),
      close: () => ingress.close(),
    });
    return new ConnectorWorld(service, hub, ingress, pair);
  }

  async register(): Promise<void> {
    await enroll({
      service: this.service.url,
      name: 'warehouse',
      machineName: 'host-1',
      connectorGroupId: 'group-a',
      stateDir: this.paths.directory,
      endpointTrust: this.service.ca,
      force: false,
      acquireToken: () => Promise.resolve(new Secret(ADMIN_TOKEN)),
    });
  }

  async run(): Promise<RunningService> {
    const logger = createLogger({
      service: 'connector',
      write: (line) => void this.lines.push(JSON.parse(line) as LogLine),
    });
    const connector = await startConnector(
      {
        paths: this.paths,
        platform: process.platform,
        natsServer: { named: findNatsServer(), searchPath: undefined, programDir: import.meta.dirname },
        environment: process.env,
        endProcess: (pid) => void process.kill(pid, 'SIGKILL'),
      },
      { logger },
    );
    this.#connectors.push(connector);
    return connector;
  }

  messages(text: string): LogLine[] {
    return this.lines.filter((line) => line.message === text);
  }

  async stop(): Promise<void> {
    for (const connector of this.#connectors) await connector.stop();
    await this.pair.close();
    await this.hub.stop();
    await this.service.stop();
  }
}

function leafListener(service: FakeService, port: number): string {
  const { certFile, keyFile } = service.hubTls;
  return `leafnodes {
    listen: "127.0.0.1:${port}"
    compression: off
    tls { cert_file: "${certFile}", key_file: "${keyFile}", ca_file: "${service.caFile}", verify: true, handshake_first: true, timeout: 5 }
  }`;
}

/** Kept over restarts of the hub, which a port of the server's own choice would not be. */
async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', () => resolve());
  });
  const { port } = server.address() as AddressInfo;
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  return port;
}
