import { endpoints, trails } from '#libs/contracts';
import { factsOfContext, jetstream } from './subjects.ts';
import { inbox, type ServicePermissions } from './types.ts';

export const auditPermissions = (tenant: string): ServicePermissions => ({
  service: 'audit',
  users: [
    {
      account: 'backbone',
      publish: [],
      subscribe: [
        endpoints.recordAccess(tenant),
        endpoints.auditEvents(tenant),
        endpoints.accessRecords(tenant),
        endpoints.replay(tenant),
        endpoints.decision(tenant),
      ],
      mayRespond: true,
    },
    {
      account: 'core',
      publish: [
        jetstream.account,
        ...jetstream.read('EVENTS'),
        ...jetstream.read('ACCESS'),
        ...jetstream.read('AUDIT').filter((subject) => !subject.startsWith('$JS.ACK.')),
        factsOfContext(tenant, 'audit'),
        trails.access(tenant, '*'),
        trails.audit(tenant, '*'),
      ],
      subscribe: [inbox('audit')],
    },
  ],
});
