import type { NatsConnection } from 'nats';
import { certificateAggregate, connectorAggregate, connectorRefusalAggregate } from '#libs/contracts';
import { type EventStore, openEventStore } from '#libs/events';
import { connectBroker } from '#libs/messaging';
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

/** All connections, or none when one fails. Errors: ERR_MESSAGING_CREDENTIALS, ERR_MESSAGING_CONNECT. */
export async function openPorts(config: CertificateAuthorityConfig, logger: Logger): Promise<Ports> {
  const open: NatsConnection[] = [];
  const connectAs = async (account: keyof CertificateAuthorityConfig['credentials']) => {
    const connection = await connectBroker({
      access: config.broker,
      credsFile: config.credentials[account],
      name: `certificate-authority-${account}`,
      inboxPrefix: '_INBOX_certificate-authority',
      logger,
    });
    open.push(connection);
    return connection;
  };
  const close = async () => {
    await Promise.all(open.map((connection) => connection.close()));
  };
  try {
    const backbone = await connectAs('backbone');
    const core = await connectAs('core');
    const tenant = await connectAs('tenant');
    const sys = await connectAs('sys');
    const types = [certificateAggregate, connectorAggregate, connectorRefusalAggregate];
    return { backbone, tenant, sys, store: await openEventStore(core, types), close };
  } catch (error) {
    await close();
    throw error;
  }
}
