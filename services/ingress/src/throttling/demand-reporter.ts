import type { NatsConnection } from 'nats';
import { demand, shares } from '#libs/contracts';
import { publishFeed, subscribeFeed } from '#libs/messaging';
import type { Logger } from '#libs/telemetry';
import type { Admission } from './admission.ts';

const REPORT_INTERVAL_MS = 250;

/** Tells throttling every 250 ms what was asked, and takes the shares it sends. A lost report is lost: counts are hints. */
export function startDemandReports(options: {
  readonly nc: NatsConnection;
  readonly tenant: string;
  readonly ingressId: string;
  readonly admission: Admission;
  readonly logger: Logger;
}): { stop(): void } {
  const { nc, tenant, ingressId, admission, logger } = options;
  const subscription = subscribeFeed(nc, tenant, shares, (message) => admission.applyShares(message), { logger });
  const timer = setInterval(() => {
    if (nc.isClosed()) return;
    for (const counts of admission.takeDemand())
      publishFeed(nc, tenant, demand, { ingressId, intervalMs: REPORT_INTERVAL_MS, counts });
  }, REPORT_INTERVAL_MS);
  return {
    stop: () => {
      clearInterval(timer);
      subscription.stop();
    },
  };
}
