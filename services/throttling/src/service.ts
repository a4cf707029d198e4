import { jetstream, jetstreamManager } from '@nats-io/jetstream';
import { limitAggregate } from '#libs/contracts';
import { JetstreamEventStore, runProjection } from '#libs/events';
import { connectBroker } from '#libs/messaging';
import type { RunningService, ServiceContext, ServiceDefinition } from '#libs/service-host';
import { AdmissionControl } from './admission/admission-control.ts';
import { type ThrottlingConfig, throttlingConfig } from './config.ts';
import { serveLimits } from './limits/limits.api.ts';
import { limitsProjection } from './limits/limits.projection.ts';

const INBOX_PREFIX = '_INBOX_throttling';

export async function startThrottling(config: ThrottlingConfig, { logger }: ServiceContext): Promise<RunningService> {
  const { broker: access, tenant, defaults } = config;
  const core = await connectBroker({
    access,
    credsFile: config.credentials.core,
    name: 'throttling',
    inboxPrefix: INBOX_PREFIX,
    logger,
  });
  const backbone = await connectBroker({
    access,
    credsFile: config.credentials.backbone,
    name: 'throttling',
    inboxPrefix: INBOX_PREFIX,
    logger,
  });
  const [js, jsm] = [jetstream(core), await jetstreamManager(core, { checkAPI: false })];
  const store = new JetstreamEventStore({ js, jsm, types: [limitAggregate] });
  const view = runProjection(store, limitsProjection(tenant));
  await view.ready;
  const served = serveLimits({ nc: backbone, tenant, store, view, defaults, logger });
  const admission = new AdmissionControl({ nc: backbone, tenant, store, view, defaults, logger });
  admission.start();
  return {
    drain: async () => {
      await Promise.all(served.map((endpoint) => endpoint.drain()));
      await admission.stop();
    },
    stop: async () => {
      await admission.stop();
      await view.stop();
      await Promise.all([backbone.close(), core.close()]);
    },
  };
}

export const throttling: ServiceDefinition<ThrottlingConfig> = {
  name: 'throttling',
  config: throttlingConfig,
  start: startThrottling,
};
