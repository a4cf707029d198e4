import { setImmediate } from 'node:timers/promises';
import { errors, type NatsConnection } from 'nats';

export type PermissionProbe = {
  /** Whether the hub lets this user publish there. */
  readonly mayPublish: (subject: string) => Promise<boolean>;
  /** Whether the hub lets this user subscribe there. */
  readonly maySubscribe: (subject: string) => Promise<boolean>;
};

/** Tells by the hub's own answers what a connection may do. */
export function probePermissions(connection: NatsConnection): PermissionProbe {
  const denied = new Set<string>();
  const watch = async () => {
    for await (const status of connection.status())
      if (status.type === 'error' && status.error instanceof errors.PermissionViolationError)
        denied.add(`${status.error.operation} ${status.error.subject}`);
  };
  watch().catch(() => undefined);
  return {
    mayPublish: async (subject) => {
      connection.publish(subject, '');
      return settled(connection, denied, `publish ${subject}`);
    },
    maySubscribe: async (subject) => {
      let isRefused = false;
      const subscription = connection.subscribe(subject, {
        callback: (error) => {
          isRefused ||= error !== null;
        },
      });
      const isAllowed = await settled(connection, denied, `subscription ${subject}`);
      if (isAllowed && !isRefused) subscription.unsubscribe();
      return isAllowed && !isRefused;
    },
  };
}

/** The hub answers in order: after the flush its refusal, if any, is here, and in the next turn read. */
async function settled(connection: NatsConnection, denied: ReadonlySet<string>, key: string): Promise<boolean> {
  await connection.flush();
  await setImmediate();
  return !denied.has(key);
}
