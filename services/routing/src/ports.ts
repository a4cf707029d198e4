import type { NatsConnection } from 'nats';
import {
  appAggregate,
  connectorAggregate,
  connectorGroupAggregate,
  connectorPresenceAggregate,
  externalUrlAggregate,
  serverCertificateAggregate,
} from '#libs/contracts';
import { type AggregateType, type EventStore, openEventStore } from '#libs/events';
import { connectAccounts } from '#libs/messaging';
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
  serverCertificateAggregate,
];

/** Every connection, or none when one fails. Errors: ERR_MESSAGING_CREDENTIALS, ERR_MESSAGING_CONNECT. */
export async function openPorts(config: RoutingConfig, logger: Logger): Promise<RoutingPorts> {
  const { broker: access, credentials } = config;
  const { connections, close } = await connectAccounts({ service: 'routing', access, credentials, logger });
  const { backbone, core, tenant } = connections;
  return { backbone, tenant, store: await openEventStore(core, ROUTING_AGGREGATES), close };
}
