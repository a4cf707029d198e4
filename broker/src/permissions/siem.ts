import { siem } from './subjects.ts';
import { inbox, type ServicePermissions } from './types.ts';

/** The SIEM's reader: one durable consumer, by imports that need a token. Acknowledgments keep CORE's subject. */
export const siemPermissions = (): ServicePermissions => ({
  service: 'siem',
  users: [
    {
      account: 'siem',
      publish: [siem.localNext, siem.localInfo, siem.acknowledge],
      subscribe: [inbox('siem')],
    },
  ],
});
