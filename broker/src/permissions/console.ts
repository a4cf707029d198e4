import { endpoints } from '#libs/contracts';
import { inbox, type ServicePermissions } from './types.ts';

/** Everything an admin may do, by commands and queries only: the console has no user in CORE. */
export const consolePermissions = (tenant: string): ServicePermissions => ({
  service: 'console',
  users: [
    {
      account: 'backbone',
      publish: [
        endpoints.endSession(tenant),
        endpoints.endSessions(tenant),
        endpoints.verifyToken(tenant),
        endpoints.sessions(tenant),
        endpoints.changePolicySet(tenant),
        endpoints.policySet(tenant),
        endpoints.changeUser(tenant),
        endpoints.assessSession(tenant),
        endpoints.changeServiceToken(tenant),
        endpoints.sealSecret(tenant),
        endpoints.users(tenant),
        endpoints.serviceTokens(tenant),
        endpoints.identityProviders(tenant),
        endpoints.app(tenant),
        endpoints.connectorGroup(tenant),
        endpoints.connector(tenant),
        endpoints.serverCertificate(tenant),
        endpoints.apps(tenant),
        endpoints.connectorGroups(tenant),
        endpoints.connectors(tenant),
        endpoints.limit(tenant),
        endpoints.limits(tenant),
        endpoints.auditEvents(tenant),
        endpoints.accessRecords(tenant),
        endpoints.replay(tenant),
        endpoints.decision(tenant),
        endpoints.trust(tenant),
      ],
      subscribe: [inbox('console')],
    },
  ],
});
