import type { NatsConnection } from 'nats';
import { revocations } from '#libs/contracts';
import { subscribeFeed } from '#libs/messaging';
import type { Logger } from '#libs/telemetry';
import type { Decisions } from './decision-cache.ts';

/**
 * Drops cached decisions as auth revokes them. Positions follow one another, and a beat repeats the last one without
 * naming anything: any other position means that something was missed, or that auth began anew, and drops everything. So does
 * `everything`, also where another instance of auth said the same before: the one that was asked since may have been behind.
 */
export function listenForRevocations(
  nc: NatsConnection,
  tenant: string,
  decisions: Decisions,
  logger: Logger,
): { stop(): void } {
  let last: number | undefined;
  return subscribeFeed(
    nc,
    tenant,
    revocations,
    (message) => {
      const { position, sessionIds, appIds } = message;
      const everything = message.everything === true;
      const isBeat = !everything && sessionIds.length === 0 && appIds.length === 0;
      // The same position twice: another instance of auth says the same.
      const isExpected = position === last || (!isBeat && last !== undefined && position === last + 1);
      last = position;
      if (everything || !isExpected) decisions.dropAll();
      else if (!isBeat) decisions.drop(sessionIds, appIds);
    },
    { logger },
  );
}
