import { createHash } from 'node:crypto';
import type { NatsConnection } from 'nats';
import { type AssertionTrust, assertionKeys, assertionTrust } from '#libs/contracts';
import { callEndpoint } from '#libs/messaging';
import type { Logger } from '#libs/telemetry';

/** How long auth's keys are told on without asking again, milliseconds. A new key is in force at connectors this much later at most. */
export const ASSERTION_TRUST_MS = 30_000;
/** How long auth is not asked again after it did not answer, milliseconds: the pulls of many connectors would each wait for it. */
export const ASSERTION_RETRY_MS = 5_000;
/** How long a connector's pull waits for them, milliseconds. */
const ASK_TIMEOUT_MS = 2_000;

export type AssertionTrusts = {
  /** The last known ones when auth does not answer; null when nobody ever knew. Never throws. */
  current(): Promise<AssertionTrust | null>;
};

/** The keys of auth's assertions, for connectors that sign users in at origins. */
export function createAssertionTrusts(options: {
  readonly backbone: NatsConnection;
  readonly tenant: string;
  readonly logger: Logger;
  readonly nowMs: () => number;
}): AssertionTrusts {
  const { backbone, tenant, logger, nowMs } = options;
  let known: AssertionTrust | null = null;
  let askAtMs = 0;
  let asking: Promise<void> | undefined;
  const ask = async () => {
    try {
      known = assertionTrust.parse(
        await callEndpoint(backbone, tenant, assertionKeys, {}, { timeoutMs: ASK_TIMEOUT_MS }),
      );
      askAtMs = nowMs() + ASSERTION_TRUST_MS;
    } catch (error) {
      askAtMs = nowMs() + ASSERTION_RETRY_MS;
      logger.warn('keys of assertions not read from auth', { error, isKnownFromBefore: known !== null });
    }
  };
  return {
    current: async () => {
      if (nowMs() >= askAtMs) {
        asking ??= ask().finally(() => {
          asking = undefined;
        });
        await asking;
      }
      return known;
    },
  };
}

/** Short and the same for equal ones; they change without the configuration's version. */
export function thumbprintOf(trust: AssertionTrust): string {
  return createHash('sha256').update(JSON.stringify(trust)).digest('base64url').slice(0, 16);
}
