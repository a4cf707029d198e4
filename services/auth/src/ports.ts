import type { NatsConnection } from 'nats';
import {
  accessDecisionAggregate,
  appAggregate,
  policySetAggregate,
  serviceTokenAggregate,
  signInRefusalAggregate,
  userAggregate,
  userSessionAggregate,
} from '#libs/contracts';
import { type AggregateType, type EventStore, openEventStore } from '#libs/events';
import { connectAccounts } from '#libs/messaging';
import type { Logger } from '#libs/telemetry';
import type { AuthConfig } from './config.ts';

/** What auth needs from the broker; specs hand in their own. */
export type AuthPorts = { readonly backbone: NatsConnection; readonly store: EventStore; close(): Promise<void> };

/** Kinds of aggregate this service writes or reads. */
export const AUTH_AGGREGATES: readonly AggregateType[] = [
  userSessionAggregate,
  accessDecisionAggregate,
  signInRefusalAggregate,
  appAggregate,
  policySetAggregate,
  userAggregate,
  serviceTokenAggregate,
];

/** Both connections, or none when one fails. Errors: ERR_MESSAGING_CREDENTIALS, ERR_MESSAGING_CONNECT. */
export async function openPorts(config: AuthConfig, logger: Logger): Promise<AuthPorts> {
  const { broker: access, credentials } = config;
  const { connections, close } = await connectAccounts({ service: 'auth', access, credentials, logger });
  return { backbone: connections.backbone, store: await openEventStore(connections.core, AUTH_AGGREGATES), close };
}
