import { type JetStreamManager, jetstream, jetstreamManager } from '@nats-io/jetstream';
import { connect, headers, type NatsConnection } from 'nats';
import { type AggregateType, ensureEventStream, type JetstreamEventStore, openEventStore } from '#libs/events';
import { counterAggregate } from '../../contracts/event-store/counter.ts';
import { type RunningNatsServer, startNatsServer } from '../../support/nats-server.ts';

/** A real broker with an event stream, and clients of it. */
export type EventBroker = {
  readonly server: RunningNatsServer;
  readonly connection: NatsConnection;
  readonly jsm: JetStreamManager;
  readonly store: JetstreamEventStore;
  openStore(types: readonly AggregateType[]): Promise<JetstreamEventStore>;
  /** Puts a message into the stream past the library. */
  publishRaw(subject: string, data: string, list?: Readonly<Record<string, string>>): Promise<number>;
  stop(): Promise<void>;
};

export async function startEventBroker(): Promise<EventBroker> {
  const server = await startNatsServer({ jetstream: true });
  const connection = await connect({ servers: server.url, maxReconnectAttempts: -1, reconnectTimeWait: 50 });
  const jsm = await jetstreamManager(connection);
  await ensureEventStream(jsm);
  return {
    server,
    connection,
    jsm,
    store: await openEventStore(connection, [counterAggregate]),
    openStore: (types) => openEventStore(connection, types),
    publishRaw: async (subject, data, list = {}) => {
      const all = headers();
      for (const [name, value] of Object.entries(list)) all.set(name, value);
      return (await jetstream(connection).publish(subject, data, { headers: all })).seq;
    },
    stop: async () => {
      await connection.close();
      await server.stop();
    },
  };
}
