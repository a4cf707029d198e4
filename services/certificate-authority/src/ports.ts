import type { NatsConnection } from 'nats';
import { certificateAggregate, connectorAggregate, connectorRefusalAggregate } from '#libs/contracts';
import { type AggregateType, type EventStore, openEventStore } from '#libs/events';
import { connectAccounts } from '#libs/messaging';
import type { Logger } from '#libs/telemetry';
import type { CertificateAuthorityConfig } from './config.ts';

/** Connections of this service, one per account it joins. */
export type Ports = {
  readonly backbone: NatsConnection;
  /** Auth callout of connectors. */
  readonly tenant: NatsConnection;
  /** Revocation. */
  readonly sys: NatsConnection;
  readonly store: EventStore;
  close(): Promise<void>;
};

/** Kinds of aggregate this service writes or reads. */
const CERTIFICATE_AUTHORITY_AGGREGATES: readonly AggregateType[] = [
  certificateAggregate,
  connectorAggregate,
  connectorRefusalAggregate,
];

/** All connections, or none when one fails. Errors: ERR_MESSAGING_CREDENTIALS, ERR_MESSAGING_CONNECT. */
export async function openPorts(config: CertificateAuthorityConfig, logger: Logger): Promise<Ports> {
  const { broker: access, credentials } = config;
  const service = 'certificate-authority';
  const { connections, close } = await connectAccounts({ service, access, credentials, logger });
  const { backbone, core, tenant, sys } = connections;
  return { backbone, tenant, sys, store: await openEventStore(core, CERTIFICATE_AUTHORITY_AGGREGATES), close };
}
