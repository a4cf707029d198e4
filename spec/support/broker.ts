import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { jetstreamManager } from '@nats-io/jetstream';
import { type ConnectionOptions, connect, credsAuthenticator, type NatsConnection } from 'nats';
import {
  type AccountRole,
  type BrokerLayout,
  credentialsFile,
  ensureStreams,
  hubRules,
  inboxPrefix,
  localServerNames,
  provisionBroker,
  type ServiceName,
} from '#broker';
import { type RunningNatsServer, startNatsServer } from './nats-server.ts';

export type RunningBroker = {
  readonly layout: BrokerLayout;
  readonly dataDir: string;
  /** `tls://127.0.0.1:<port>`: clients need `layout.caFile`. */
  readonly url: string;
  /** `host:port` as `brokerAccess.servers` wants it. */
  readonly servers: readonly string[];
  readonly leafPort: () => number;
  readonly hub: RunningNatsServer;
  /** A connection with the real credentials of a service, closed by `stop`. Account: default `backbone`. */
  readonly connectAs: (
    service: ServiceName,
    account?: AccountRole,
    options?: ConnectionOptions,
  ) => Promise<NatsConnection>;
  /** A connection with credentials of any text. */
  readonly connectWith: (credentials: string, options?: ConnectionOptions) => Promise<NatsConnection>;
  /** Closes every connection it gave out, ends the hub, removes the data. Safe to call twice. */
  readonly stop: () => Promise<void>;
};

const RANDOM_PORT = -1;

/** A provisioned hub of its own on random ports of 127.0.0.1, with its streams. */
export async function startBroker(
  options: { readonly tenant?: string; readonly dataDir?: string } = {},
): Promise<RunningBroker> {
  const dataDir = options.dataDir ?? mkdtempSync(join(tmpdir(), 'sallyport-broker-'));
  const layout = await provisionBroker({
    dataDir,
    tenant: options.tenant ?? 'default',
    ports: { client: RANDOM_PORT, leaf: RANDOM_PORT, monitor: RANDOM_PORT },
    serverNames: localServerNames('sallyport.localhost'),
    now: new Date(),
  });
  const hub = await startNatsServer({ dataDir: join(dataDir, 'hub'), config: await hubRules(layout) });
  const servers = [`127.0.0.1:${hub.port}`];
  const connections: NatsConnection[] = [];
  const ca = readFileSync(layout.caFile, 'utf8');
  const connectWith = async (credentials: string, more: ConnectionOptions = {}) => {
    const connection = await connect({
      servers,
      authenticator: credsAuthenticator(new TextEncoder().encode(credentials)),
      tls: { ca },
      maxReconnectAttempts: -1,
      reconnectTimeWait: 100,
      ...more,
    });
    connections.push(connection);
    return connection;
  };
  const stop = async () => {
    await Promise.all(connections.splice(0).map((connection) => connection.close()));
    await hub.stop();
    if (options.dataDir === undefined) rmSync(dataDir, { recursive: true, force: true });
  };
  const connectAs: RunningBroker['connectAs'] = (service, account = 'backbone', more = {}) =>
    connectWith(readFileSync(credentialsFile(layout, service, account), 'utf8'), {
      name: service,
      inboxPrefix: inboxPrefix(service),
      ...more,
    });
  try {
    const provisioner = await connectAs('provisioner', 'core');
    await ensureStreams(await jetstreamManager(provisioner));
    await provisioner.close();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    layout: { ...layout, ports: { ...layout.ports, client: hub.port, leaf: leafPortOf(hub.log()) } },
    dataDir,
    url: `tls://127.0.0.1:${hub.port}`,
    servers,
    leafPort: () => leafPortOf(hub.log()),
    hub,
    connectAs,
    connectWith,
    stop,
  };
}

/** The ports file does not list the leaf listener: the log does. */
function leafPortOf(log: string): number {
  const port = /Listening for leafnode connections on [^ ]*:(\d+)/.exec(log)?.[1];
  if (port === undefined) throw new Error('the hub logged no leaf port');
  return Number(port);
}
