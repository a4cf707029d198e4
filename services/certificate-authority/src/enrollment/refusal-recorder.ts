import { type ConnectorRefusalFact, connectorRefusalAggregate, newId } from '#libs/contracts';
import type { EventStore } from '#libs/events';
import type { Logger } from '#libs/telemetry';
import { refuse } from '../errors.ts';

/** Refusals recorded in any minute, by kind. Nobody signed in to cause them, so they may not fill the event store. */
export const MAX_REFUSALS_PER_MINUTE = 120;
const MINUTE_MS = 60_000;

export type RefusalRecorder = {
  /**
   * Stores a security fact; resolves once it is durable.
   * @throws ERR_CA_TOO_MANY_REFUSALS at the bound: the caller gets 429 instead of its refusal, nothing is stored.
   */
  record(fact: ConnectorRefusalFact): Promise<void>;
};

export function createRefusalRecorder(options: {
  readonly tenant: string;
  readonly store: EventStore;
  readonly logger: Logger;
  readonly now: () => number;
}): RefusalRecorder {
  const recent = new Map<string, number[]>();
  const admit = (kind: string): boolean => {
    const now = options.now();
    const times = (recent.get(kind) ?? []).filter((at) => at > now - MINUTE_MS);
    const isAdmitted = times.length < MAX_REFUSALS_PER_MINUTE;
    recent.set(kind, isAdmitted ? [...times, now] : times);
    return isAdmitted;
  };
  return {
    record: async (fact) => {
      options.logger.warn('refused', { fact: fact.type, ...fact.data });
      if (!admit(fact.type))
        throw refuse({
          status: 429,
          code: 'ERR_CA_TOO_MANY_REFUSALS',
          detail: `more than ${MAX_REFUSALS_PER_MINUTE} attempts were refused within a minute`,
          remedy: 'wait a minute, then present a valid token',
          retryAfterSeconds: 60,
        });
      const id = newId('dec');
      await options.store.append({ tenant: options.tenant, type: connectorRefusalAggregate, id }, 0, [fact], {
        commandId: newId('cmd'),
        at: new Date(options.now()).toISOString(),
        actor: { kind: 'service', id: 'certificate-authority' },
        correlationId: id,
      });
    },
  };
}
