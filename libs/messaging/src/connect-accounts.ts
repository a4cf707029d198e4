import type { NatsConnection } from 'nats';
import type { Logger } from '#libs/telemetry';
import { type BrokerAccess, connectBroker } from './connect-broker.ts';

export type AccountConnections<Account extends string> = {
  readonly connections: Readonly<Record<Account, NatsConnection>>;
  /** Closes all. Safe to call twice. */
  readonly close: () => Promise<void>;
};

/**
 * Connects a service to every account it has credentials for: all of them, or none when one fails. Connections are named
 * `<service>-<account>`, replies come to `_INBOX_<service>`. Errors: those of `connectBroker`.
 */
export async function connectAccounts<Account extends string>(options: {
  readonly service: string;
  readonly access: BrokerAccess;
  /** Credentials file of each account. */
  readonly credentials: Readonly<Record<Account, string>>;
  readonly logger: Logger;
}): Promise<AccountConnections<Account>> {
  const { service, access, logger } = options;
  const accounts = Object.entries<string>(options.credentials);
  const outcomes = await Promise.allSettled(
    accounts.map(async ([account, credsFile]) => {
      const connection = await connectBroker({
        access,
        credsFile,
        name: `${service}-${account}`,
        inboxPrefix: `_INBOX_${service}`,
        logger,
      });
      return [account, connection] as const;
    }),
  );
  const opened = outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []));
  const close = async () => {
    await Promise.all(opened.map(([, connection]) => connection.close()));
  };
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed === undefined)
    return { connections: Object.fromEntries(opened) as Record<Account, NatsConnection>, close };
  await close();
  throw failed.reason;
}
