import { z } from 'zod';
import { DEFAULT_APP_LIMIT, DEFAULT_TENANT_LIMIT, MAX_LIMIT, tenantId } from '#libs/contracts';
import { brokerAccess } from '#libs/messaging';

const limit = z.number().int().min(1).max(MAX_LIMIT);

export const throttlingConfig = z.strictObject({
  tenant: tenantId,
  broker: brokerAccess,
  credentials: z.object({ backbone: z.string(), core: z.string() }),
  /** Requests per second where no limit is set. Defaults 500 per app, 750 per tenant. */
  defaults: z
    .object({ app: limit.default(DEFAULT_APP_LIMIT), tenant: limit.default(DEFAULT_TENANT_LIMIT) })
    .prefault({}),
});
export type ThrottlingConfig = z.infer<typeof throttlingConfig>;
