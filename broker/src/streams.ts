import { readFile } from 'node:fs/promises';
import {
  AckPolicy,
  type ConsumerConfig,
  DeliverPolicy,
  JetStreamApiError,
  type JetStreamManager,
  jetstreamManager,
  RetentionPolicy,
  StorageType,
  StoreCompression,
  type StreamConfig,
} from '@nats-io/jetstream';
import { connect, credsAuthenticator, type NatsConnection } from 'nats';
import { SallyportError } from '#libs/errors';
import { ensureEventStream } from '#libs/events';
import { type BrokerLayout, credentialsFile } from './layout.ts';
import { siem } from './permissions/subjects.ts';
import { inboxPrefix } from './permissions/types.ts';

const DAY_NANOS = 86_400_000_000_000;
const DUPLICATE_WINDOW_NANOS = 120_000_000_000;
const STREAM_NOT_FOUND = 10059;
const CONSUMER_NOT_FOUND = 10014;
const CONNECT_TIMEOUT_MS = 10_000;

/** Access records: kept 30 days or 10 GB, whichever ends first; the oldest go. */
export const ACCESS_STREAM = {
  name: 'ACCESS',
  subjects: ['acc.>'],
  storage: StorageType.File,
  retention: RetentionPolicy.Limits,
  max_age: 30 * DAY_NANOS,
  max_bytes: 10_737_418_240,
  compression: StoreCompression.S2,
  duplicate_window: DUPLICATE_WINDOW_NANOS,
  allow_direct: true,
} satisfies Partial<StreamConfig> & { name: string };

/** Security events: nothing is ever removed. */
export const AUDIT_STREAM = {
  name: siem.stream,
  subjects: ['aud.>'],
  storage: StorageType.File,
  retention: RetentionPolicy.Limits,
  duplicate_window: DUPLICATE_WINDOW_NANOS,
  allow_direct: true,
  deny_delete: true,
  deny_purge: true,
} satisfies Partial<StreamConfig> & { name: string };

/** What the SIEM reads: every event once, in order, until it says so; at the bound of unacknowledged ones it waits. */
export const SIEM_CONSUMER = {
  durable_name: siem.consumer,
  ack_policy: AckPolicy.Explicit,
  deliver_policy: DeliverPolicy.All,
  ack_wait: 30_000_000_000,
  max_ack_pending: 1000,
} satisfies Partial<ConsumerConfig>;

/** Makes the streams EVENTS, ACCESS and AUDIT and the SIEM's consumer, or brings them to their definition. Idempotent. */
export async function ensureStreams(jsm: JetStreamManager): Promise<void> {
  await ensureEventStream(jsm);
  await ensureStream(jsm, ACCESS_STREAM);
  await ensureStream(jsm, AUDIT_STREAM);
  await unlessFound(CONSUMER_NOT_FOUND, jsm.consumers.info(siem.stream, siem.consumer), () =>
    jsm.consumers.add(siem.stream, SIEM_CONSUMER),
  );
}

/**
 * The same over a connection of its own, as user provisioner of CORE. The hub must be ready.
 * @throws ERR_BROKER_STREAMS (retryable) when it does not answer or refuses.
 */
export async function ensureBrokerStreams(
  layout: BrokerLayout,
  /** Default: the hub of the layout on this machine. */
  servers: readonly string[] = [`127.0.0.1:${layout.ports.client}`],
): Promise<void> {
  const [credentials, ca] = await Promise.all([
    readFile(credentialsFile(layout, 'provisioner', 'core')),
    readFile(layout.caFile, 'utf8'),
  ]);
  let connection: NatsConnection | undefined;
  try {
    connection = await connect({
      servers: [...servers],
      authenticator: credsAuthenticator(credentials),
      tls: { ca },
      name: 'provisioner',
      inboxPrefix: inboxPrefix('provisioner'),
      timeout: CONNECT_TIMEOUT_MS,
    });
    await ensureStreams(await jetstreamManager(connection));
  } catch (cause) {
    if (cause instanceof SallyportError) throw cause;
    throw new SallyportError('ERR_BROKER_STREAMS', `streams could not be made at ${servers.join(', ')}`, {
      cause,
      retryable: true,
      expose: true,
      details: { servers },
    });
  } finally {
    await connection?.close();
  }
}

async function ensureStream(jsm: JetStreamManager, wanted: Partial<StreamConfig> & { name: string }): Promise<void> {
  const info = await unlessFound(STREAM_NOT_FOUND, jsm.streams.info(wanted.name), () => jsm.streams.add(wanted));
  const differs = Object.entries(wanted).some(
    ([name, value]) => JSON.stringify(Reflect.get(info.config, name)) !== JSON.stringify(value),
  );
  if (differs) await jsm.streams.update(wanted.name, { ...info.config, ...wanted });
}

/** What a look-up found, or what `create` makes when the server answered that there is none. */
async function unlessFound<T>(absentCode: number, lookup: Promise<T>, create: () => Promise<T>): Promise<T> {
  try {
    return await lookup;
  } catch (error) {
    if (error instanceof JetStreamApiError && error.code === absentCode) return create();
    throw error;
  }
}
