import { endpoints } from '#libs/contracts';
import { factsOfContext, jetstream, system } from './subjects.ts';
import { inbox, type ServicePermissions } from './types.ts';

const SERVICE = 'certificate-authority';

/** In the tenant's account it answers the auth callout, and nothing else. In SYS it pushes accounts and cuts leafs. */
export const certificateAuthorityPermissions = (tenant: string): ServicePermissions => ({
  service: SERVICE,
  users: [
    {
      account: 'backbone',
      publish: [
        endpoints.verifyToken(tenant),
        endpoints.assertionKeys(tenant),
        endpoints.connector(tenant),
        endpoints.connectors(tenant),
        endpoints.connectorConfig(tenant),
      ],
      subscribe: [endpoints.trust(tenant), inbox(SERVICE)],
      mayRespond: true,
    },
    {
      account: 'core',
      publish: [jetstream.account, ...jetstream.read('EVENTS'), factsOfContext(tenant, SERVICE)],
      subscribe: [inbox(SERVICE)],
    },
    { account: 'tenant', publish: [], subscribe: [system.authCallout], mayRespond: true },
    {
      account: 'sys',
      publish: [system.updateClaims, system.lookUpClaims, system.leafs, system.leafsOfOne, system.kick],
      subscribe: [inbox(SERVICE)],
    },
  ],
});
