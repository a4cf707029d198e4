import { limitAggregate } from '#libs/contracts';
import { openEventStore, runProjection } from '#libs/events';
import { connectAccounts } from '#libs/messaging';
import type { RunningService, ServiceContext, ServiceDefinition } from '#libs/service-host';
import { AdmissionControl } from './admission/admission-control.ts';
import { type ThrottlingConfig, throttlingConfig } from './config.ts';
import { serveLimits } from './limits/limits.api.ts';
import { limitsProjection } from './limits/limits.projection.ts';

export async function startThrottling(config: ThrottlingConfig, { logger }: ServiceContext): Promise<RunningService> {
  const { broker: access, tenant, defaults, credentials } = config;
  const { connections, close } = await connectAccounts({ service: 'throttling', access, credentials, logger });
  const { backbone, core } = connections;
  const store = await openEventStore(core, [limitAggregate]);
  const view = runProjection(store, limitsProjection(tenant));
  await view.ready;
  const served = serveLimits({ nc: backbone, tenant, store, view, defaults, logger });
  const admission = new AdmissionControl({ nc: backbone, tenant, store, view, defaults, logger });
  admission.start();
  // Ready means that the hub knows the subscriptions.
  await backbone.flush();
  return {
    drain: async () => {
      await Promise.all(served.map((endpoint) => endpoint.drain()));
      await admission.stop();
    },
    stop: async () => {
      await admission.stop();
      await view.stop();
      await close();
    },
  };
}

export const throttling: ServiceDefinition<ThrottlingConfig> = {
  name: 'throttling',
  config: throttlingConfig,
  start: startThrottling,
};
