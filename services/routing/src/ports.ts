import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from 'nats';
import {
  appAggregate,
  connectorAggregate,
  connectorGroupAggregate,
  connectorPresenceAggregate,
  externalUrlAggregate,
} from '#libs/contracts';
import { type AggregateType, type EventStore, JetstreamEventStore } from '#libs/events';
import { connectBroker } from '#libs/messaging';
import type { Logger } from '#libs/telemetry';
import type { RoutingConfig } from './config.ts';

/** What routing needs from outside; specs hand in their own. */
export type RoutingPorts = {
  readonly backbone: NatsConnection;
  /** A user of the tenant's own account: heartbeats and notices to connectors. */
  readonly tenant: NatsConnection;
  readonly store: EventStore;
  close(): Promise<void>;
};

/** Kinds of aggregate this service owns. */
export const ROUTING_AGGREGATES: readonly AggregateType[] = [
  appAggregate,
  connectorAggregate,
  connectorGroupAggregate,
  connectorPresenceAggregate,
  externalUrlAggregate,
];

/** Three connections, or none when one fails. Errors: ERR_MESSAGING_CREDENTIALS, ERR_MESSAGING_CONNECT. */
export async function openPorts(config: RoutingConfig, logger: Logger): Promise<RoutingPorts> {
  const connectAs = (credsFile: string, account: string) =>
    connectBroker({
      access: config.broker,
      credsFile,
      name: `routing-${account}`,
      inboxPrefix: '_INBOX_routing',
      logger,
    });
  const opened = await Promise.allSettled([
    connectAs(config.credentials.backbone, 'backbone'),
    connectAs(config.credentials.core, 'core'),
    connectAs(config.credentials.tenant, 'tenant'),
  ]);
  const close = async () => {
    await Promise.all(opened.flatMap((one) => (one.status === 'fulfilled' ? [one.value.close()] : [])));
  };
  try {
    const [backbone, core, tenant] = opened.map((one) => {
      if (one.status === 'fulfilled') return one.value;
      throw one.reason;
    });
    if (!backbone || !core || !tenant) throw new Error('three connections were opened');
    return { backbone, tenant, store: await openStore(core), close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function openStore(core: NatsConnection): Promise<EventStore> {
  return new JetstreamEventStore({
    js: jetstream(core),
    jsm: await jetstreamManager(core),
    types: ROUTING_AGGREGATES,
  });
}
