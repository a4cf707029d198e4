import { readFile } from 'node:fs/promises';
import type { NatsConnection } from 'nats';
import type { ConnectorConfiguration } from '#libs/contracts';
import type { Logger } from '#libs/telemetry';
import { readIdentity, statePaths } from '../../../services/connector/src/state-directory.ts';
import { startLeafSupervisor } from '../../../services/connector/src/supervisor/leaf-supervisor.ts';
import { connectLocally } from '../../../services/connector/src/tunnel/local-connection.ts';
import { findNatsServer } from '../../support/nats-server.ts';

const SILENT: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => SILENT,
};

const VERSION_AND_LENGTH = 2;
const PACKET_HEADER_BYTES = 18;
const CHANNEL_AT = 8;

/** What a request that reached the rogue said: where it came from, and its channel. */
export type TakenRequest = { readonly ingressId: string; readonly channel: string };

/** The leaf and the credentials of a registered connector, in the hands of somebody else. */
export type RogueConnector = {
  readonly connectorId: string;
  readonly connection: NatsConnection;
  /** Takes one request of the group, as an honest connector would, and leaves the queue again. */
  takeRequest(): Promise<TakenRequest>;
  stop(): Promise<void>;
};

/** Of a state directory whose connector ran before, so that it knows the secret queue, and does not run now. */
export async function startRogueConnector(stateDir: string): Promise<RogueConnector> {
  const paths = statePaths(stateDir);
  const identity = await readIdentity(paths);
  const configuration = JSON.parse(await readFile(paths.configuration, 'utf8')) as ConnectorConfiguration;
  const leaf = await startLeafSupervisor({
    binary: findNatsServer(),
    paths,
    connectorId: identity.connectorId,
    leafAddresses: identity.leafAddresses,
    logger: SILENT,
    onRestarted: () => undefined,
    endProcess: (pid) => process.kill(pid, 'SIGKILL'),
  });
  const connection = await connectLocally({ port: leaf.port, user: 'connector', password: leaf.password });
  return {
    connectorId: identity.connectorId,
    connection,
    takeRequest: () => takeRequest(connection, configuration),
    stop: async () => {
      await connection.close();
      await leaf.stop();
    },
  };
}

function takeRequest(connection: NatsConnection, configuration: ConnectorConfiguration): Promise<TakenRequest> {
  const { connectorGroupId, queue } = configuration;
  if (connectorGroupId === null || queue === null) throw new Error('the rogue is in no group');
  return new Promise((resolve, reject) => {
    const subscription = connection.subscribe(`tun.g.${connectorGroupId}.req`, {
      queue,
      callback: (error, { data }) => {
        subscription.unsubscribe();
        if (error) reject(error);
        else resolve(readRequest(Buffer.from(data)));
      },
    });
  });
}

/** The first OPEN of a bundle, read by PROTOCOL.md. */
function readRequest(bundle: Buffer): TakenRequest {
  const start = VERSION_AND_LENGTH + bundle.readUInt8(1);
  const header = bundle.subarray(start, start + PACKET_HEADER_BYTES);
  return {
    ingressId: bundle.toString('latin1', VERSION_AND_LENGTH, start),
    channel: header.toString('hex', CHANNEL_AT),
  };
}
