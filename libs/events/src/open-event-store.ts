import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import type { NatsConnection } from 'nats';
import type { AggregateType } from './aggregate-type.ts';
import { JetstreamEventStore } from './jetstream-event-store.ts';
import { BROKER_TIMEOUT_MS } from './limits.ts';

/**
 * The event store of a service, on its connection to the account that holds the streams. Asks nothing of the server yet: a
 * user without the right to `$JS.API.INFO` may open one, and a server that is still starting is waited for by use.
 */
export async function openEventStore(
  connection: NatsConnection,
  types: readonly AggregateType[],
  options: { readonly stream?: string } = {},
): Promise<JetstreamEventStore> {
  const api = { timeout: BROKER_TIMEOUT_MS };
  const jsm = await jetstreamManager(connection, { ...api, checkAPI: false });
  return new JetstreamEventStore({ js: jetstream(connection, api), jsm, types, ...options });
}
