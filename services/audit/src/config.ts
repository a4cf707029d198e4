import { z } from 'zod';
import { tenantId } from '#libs/contracts';
import { brokerAccess } from '#libs/messaging';

export const auditConfig = z.strictObject({
  tenant: tenantId,
  broker: brokerAccess,
  credentials: z.object({ backbone: z.string(), core: z.string() }),
});
export type AuditConfig = z.infer<typeof auditConfig>;
