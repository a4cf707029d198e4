import { endpoints, feeds } from '#libs/contracts';
import { factsOfContext, jetstream, tunnel } from './subjects.ts';
import { inbox, type ServicePermissions } from './types.ts';

export const routingPermissions = (tenant: string): ServicePermissions => ({
  service: 'routing',
  users: [
    {
      account: 'backbone',
      publish: [feeds.appDirectory(tenant)],
      subscribe: [
        endpoints.app(tenant),
        endpoints.connectorGroup(tenant),
        endpoints.connector(tenant),
        endpoints.serverCertificate(tenant),
        endpoints.apps(tenant),
        endpoints.connectorGroups(tenant),
        endpoints.connectors(tenant),
        endpoints.connectorConfig(tenant),
        inbox('routing'),
      ],
      mayRespond: true,
    },
    {
      account: 'core',
      publish: [jetstream.account, ...jetstream.read('EVENTS'), factsOfContext(tenant, 'routing')],
      subscribe: [inbox('routing')],
    },
    {
      account: 'tenant',
      publish: [tunnel.allConnectors],
      subscribe: [tunnel.allPresence, inbox('routing')],
    },
  ],
});
