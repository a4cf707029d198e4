import { endpoints, feeds } from '#libs/contracts';
import { tunnel } from './subjects.ts';
import { inbox, type ServicePermissions } from './types.ts';

/** The process that faces the internet has no user in CORE (ADR-0001, 3): questions, feeds and the tunnel only. */
export const ingressPermissions = (tenant: string): ServicePermissions => ({
  service: 'ingress',
  users: [
    {
      account: 'backbone',
      publish: [
        endpoints.beginSignIn(tenant),
        endpoints.continueSignIn(tenant),
        endpoints.completeSignIn(tenant),
        endpoints.openAppAccess(tenant),
        endpoints.signOut(tenant),
        endpoints.providerLogout(tenant),
        endpoints.authorize(tenant),
        endpoints.assertionKeys(tenant),
        endpoints.portal(tenant),
        endpoints.endOwnSessions(tenant),
        endpoints.apps(tenant),
        endpoints.recordAccess(tenant),
        feeds.demand(tenant),
      ],
      subscribe: [feeds.appDirectory(tenant), feeds.revocations(tenant), feeds.shares(tenant), inbox('ingress')],
    },
    {
      account: 'tenant',
      publish: [tunnel.allGroups, tunnel.allConnectors],
      subscribe: [tunnel.allIngresses, tunnel.allPresence, inbox('ingress')],
    },
  ],
});
