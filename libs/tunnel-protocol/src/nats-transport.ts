import type { Msg, NatsConnection, Subscription } from 'nats';
import { natsFraming } from './nats-framing.ts';
import type { TransportMessageHandler, TransportSubscription, TunnelTransport } from './transport.ts';

export type NatsTransportOptions = {
  /** A publish failed because the connection is closed, or a subscription was denied. The packet is lost. */
  readonly onError?: (error: unknown) => void;
  /** Tells when the server falls silent on a connection that stands: the link counts as down meanwhile. Default: never. */
  readonly pulse?: LinkPulse;
};

export type LinkPulse = {
  readonly isSilent: boolean;
  onChange(listener: (isSilent: boolean) => void): void;
};

/**
 * The tunnel over one NATS connection. Connect with `noAsyncTraces: true`, `noEcho: true` and `maxReconnectAttempts: -1`;
 * while the link is down what is published is lost: the client empties its buffer with every attempt to reconnect. The
 * tunnel notices by the accept deadline, which waits for the link, and by probes.
 */
export function natsTransport(connection: NatsConnection, options: NatsTransportOptions = {}): TunnelTransport {
  const { pulse } = options;
  let isConnected = true;
  let linkNumber = 0;
  const isUp = (): boolean => isConnected && pulse?.isSilent !== true;
  const report = (error: unknown): void => options.onError?.(error);
  const listeners: ((isConnected: boolean) => void)[] = [];
  const tell = (): void => {
    for (const listener of listeners) listener(isUp());
  };
  watchLink(connection, (value) => {
    isConnected = value;
    if (value) linkNumber += 1;
    tell();
  }).catch(report);
  pulse?.onChange(tell);
  const framing = natsFraming(connection, () => isConnected);
  return {
    ...(framing === undefined ? {} : { framing }),
    publish: (subject, packet, reply) => {
      try {
        connection.publish(subject, packet, reply === undefined ? undefined : { reply });
      } catch (error) {
        report(error);
      }
    },
    subscribe: (subject, { queue }, onMessage) => {
      const callback = guarded(onMessage, report);
      return wrap(connection.subscribe(subject, queue === undefined ? { callback } : { callback, queue }), report);
    },
    flush: async () => {
      if (!connection.isClosed()) await connection.flush().catch(report);
    },
    isConnected: isUp,
    linkNumber: () => linkNumber,
    onLinkChange: (listener) => listeners.push(listener),
  };
}

/** An exception in a callback would end the client's read loop: it is reported instead. */
function guarded(onMessage: TransportMessageHandler, report: (error: unknown) => void) {
  return (error: Error | null, message: Msg): void => {
    if (error !== null) {
      report(error);
      return;
    }
    try {
      const { data } = message;
      const status = data.length === 0 ? message.headers?.code : undefined;
      onMessage(message.subject, data, status === undefined || status === 0 ? undefined : status);
    } catch (failure) {
      report(failure);
    }
  };
}

function wrap(subscription: Subscription, report: (error: unknown) => void): TransportSubscription {
  return {
    close: () => {
      if (!subscription.isClosed()) subscription.unsubscribe();
    },
    drain: async () => {
      if (!subscription.isClosed()) await subscription.drain().catch(report);
    },
  };
}

async function watchLink(connection: NatsConnection, onChange: (isConnected: boolean) => void): Promise<void> {
  for await (const status of connection.status()) {
    if (status.type === 'disconnect') onChange(false);
    if (status.type === 'reconnect') onChange(true);
  }
  onChange(false);
}
