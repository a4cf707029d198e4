import { endpoints, feeds } from '#libs/contracts';
import { factsOfContext, jetstream } from './subjects.ts';
import { inbox, type ServicePermissions } from './types.ts';

export const authPermissions = (tenant: string): ServicePermissions => ({
  service: 'auth',
  users: [
    {
      account: 'backbone',
      publish: [endpoints.apps(tenant), feeds.revocations(tenant)],
      subscribe: [
        endpoints.beginSignIn(tenant),
        endpoints.continueSignIn(tenant),
        endpoints.completeSignIn(tenant),
        endpoints.openAppAccess(tenant),
        endpoints.signOut(tenant),
        endpoints.endSession(tenant),
        endpoints.endSessions(tenant),
        endpoints.endOwnSessions(tenant),
        endpoints.authorize(tenant),
        endpoints.verifyToken(tenant),
        endpoints.assertionKeys(tenant),
        endpoints.sessions(tenant),
        endpoints.portal(tenant),
        endpoints.changePolicySet(tenant),
        endpoints.policySet(tenant),
        endpoints.changeUser(tenant),
        endpoints.assessSession(tenant),
        endpoints.changeServiceToken(tenant),
        endpoints.sealSecret(tenant),
        endpoints.users(tenant),
        endpoints.serviceTokens(tenant),
        endpoints.identityProviders(tenant),
        endpoints.providerLogout(tenant),
        inbox('auth'),
      ],
      mayRespond: true,
    },
    {
      account: 'core',
      publish: [jetstream.account, ...jetstream.read('EVENTS'), factsOfContext(tenant, 'auth')],
      subscribe: [inbox('auth')],
    },
  ],
});
