import { endpoints, feeds } from '#libs/contracts';
import { factsOfContext, jetstream } from './subjects.ts';
import { inbox, type ServicePermissions } from './types.ts';

export const throttlingPermissions = (tenant: string): ServicePermissions => ({
  service: 'throttling',
  users: [
    {
      account: 'backbone',
      publish: [feeds.shares(tenant)],
      subscribe: [endpoints.limit(tenant), endpoints.limits(tenant), feeds.demand(tenant), inbox('throttling')],
      mayRespond: true,
    },
    {
      account: 'core',
      publish: [jetstream.account, ...jetstream.read('EVENTS'), factsOfContext(tenant, 'throttling')],
      subscribe: [inbox('throttling')],
    },
  ],
});
