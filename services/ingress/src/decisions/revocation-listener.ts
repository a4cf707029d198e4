import type { NatsConnection } from 'nats';
import { revocations } from '#libs/contracts';
import { subscribeFeed } from '#libs/messaging';
import type { Logger } from '#libs/telemetry';
import type { Decisions } from './decision-cache.ts';

/**
 * Drops cached decisions as auth revokes them. Positions follow one another: the first one, a gap, or a step back (auth
 * began anew) mean that something may have been missed, and drop everything.
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
      const isNext = last !== undefined && message.position === last + 1;
      const isBeat = message.position === last && message.sessionIds.length === 0 && message.appIds.length === 0;
      last = message.position;
      if (isBeat) return;
      if (isNext) decisions.drop(message.sessionIds, message.appIds);
      else decisions.dropAll();
    },
    { logger },
  );
}
