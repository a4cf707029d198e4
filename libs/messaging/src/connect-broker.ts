import { readFile } from 'node:fs/promises';
import { connect, credsAuthenticator, type NatsConnection } from 'nats';
import { z } from 'zod';
import { SallyportError } from '#libs/errors';
import type { Logger } from '#libs/telemetry';

/** How a service reaches the hub; the launcher or a deployment writes it into the service's configuration. */
export const brokerAccess = z
  .object({
    /** `host:port` of every hub. */
    servers: z.array(z.string()).min(1).max(32),
    /** CA that signed the hub's certificate, PEM file. */
    caFile: z.string(),
    /**
     * Leaves TLS out. Only for hubs on this very host (loopback addresses), where it would encrypt every byte twice for
     * nobody; users still prove themselves by signature. Default false.
     */
    plaintext: z.boolean().optional(),
  })
  .refine(({ servers, plaintext }) => plaintext !== true || servers.every(isLoopback), {
    path: ['plaintext'],
    error: 'is allowed only when every server is a loopback address',
  });
export type BrokerAccess = z.infer<typeof brokerAccess>;

function isLoopback(server: string): boolean {
  return /^(127(\.\d{1,3}){3}|localhost|\[::1\])(:\d{1,5})?$/.test(server);
}

const RECONNECT_WAIT_MS = 250;
const PING_INTERVAL_MS = 20_000;
const CONNECT_TIMEOUT_MS = 10_000;

/**
 * Connects one NATS user of one account and keeps the connection for ever: reconnects never give up.
 * Errors: ERR_MESSAGING_CREDENTIALS (file unreadable), ERR_MESSAGING_CONNECT (retryable).
 */
export async function connectBroker(options: {
  readonly access: BrokerAccess;
  readonly credsFile: string;
  /** Connection name shown by the hub, for example `routing`. */
  readonly name: string;
  /** Reply prefix within the user's rights: `_INBOX_<service>`. */
  readonly inboxPrefix: string;
  readonly logger: Logger;
}): Promise<NatsConnection> {
  const [creds, ca] = await Promise.all([readOrFail(options.credsFile), readOrFail(options.access.caFile)]);
  try {
    const connection = await connect({
      servers: options.access.servers,
      authenticator: credsAuthenticator(creds),
      tls: options.access.plaintext ? null : { ca: ca.toString('utf8') },
      name: options.name,
      inboxPrefix: options.inboxPrefix,
      noEcho: false,
      maxReconnectAttempts: -1,
      reconnectTimeWait: RECONNECT_WAIT_MS,
      pingInterval: PING_INTERVAL_MS,
      maxPingOut: 2,
      timeout: CONNECT_TIMEOUT_MS,
      noAsyncTraces: true,
    });
    watch(connection, options.logger.child({ connection: options.name }));
    return connection;
  } catch (cause) {
    throw new SallyportError(
      'ERR_MESSAGING_CONNECT',
      `hub at ${options.access.servers.join(', ')} refused or did not answer user ${options.name}`,
      {
        cause,
        retryable: true,
        expose: true,
        details: { servers: options.access.servers, credsFile: options.credsFile },
      },
    );
  }
}

async function readOrFail(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new SallyportError('ERR_MESSAGING_CREDENTIALS', `file ${path} cannot be read`, {
      cause,
      expose: true,
      details: { path },
    });
  }
}

function watch(connection: NatsConnection, logger: Logger): void {
  const run = async () => {
    for await (const status of connection.status()) {
      if (status.type === 'disconnect' || status.type === 'staleConnection')
        logger.warn('hub connection lost', { status: status.type });
      else if (status.type === 'reconnect') logger.info('hub connection restored');
      else if (status.type === 'error') logger.error('hub connection error', { error: status.error });
    }
  };
  run().catch((error: unknown) => logger.error('hub status watch ended', { error }));
}
