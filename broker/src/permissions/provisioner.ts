import { jetstream, system } from './subjects.ts';
import { inbox, type ServicePermissions } from './types.ts';

/** Creates streams and consumers and pushes accounts, at start and by an operator; never reads a fact. */
export const provisionerPermissions = (): ServicePermissions => ({
  service: 'provisioner',
  users: [
    { account: 'core', publish: jetstream.manage, subscribe: [inbox('provisioner')] },
    {
      account: 'sys',
      publish: [system.updateClaims, system.lookUpClaims, system.leafs],
      subscribe: [inbox('provisioner')],
    },
  ],
});
