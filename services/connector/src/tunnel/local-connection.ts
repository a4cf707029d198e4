import { connect, type NatsConnection } from 'nats';
import { SallyportError } from '#libs/errors';

const RECONNECT_WAIT_MS = 100;
const CONNECT_TIMEOUT_MS = 5_000;

/** A connection to the leaf beside this process: plain on loopback, by the random password of this run, never given up. */
export async function connectLocally(options: {
  readonly port: number;
  readonly user: 'connector' | 'system';
  readonly password: string;
}): Promise<NatsConnection> {
  try {
    return await connect({
      servers: `127.0.0.1:${options.port}`,
      user: options.user,
      pass: options.password,
      name: `connector-${options.user}`,
      tls: null,
      noEcho: true,
      noAsyncTraces: true,
      maxReconnectAttempts: -1,
      reconnectTimeWait: RECONNECT_WAIT_MS,
      reconnectJitter: RECONNECT_WAIT_MS,
      ignoreClusterUpdates: true,
      timeout: CONNECT_TIMEOUT_MS,
    });
  } catch (cause) {
    throw new SallyportError('ERR_CONNECTOR_LEAF_CONNECT', `leaf at 127.0.0.1:${options.port} refused its connector`, {
      cause,
      retryable: true,
      expose: true,
    });
  }
}
