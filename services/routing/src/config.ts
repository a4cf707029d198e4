import { z } from 'zod';
import { tenantId } from '#libs/contracts';
import { brokerAccess } from '#libs/messaging';

const domain = z
  .string()
  .max(200)
  .regex(/^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]*[a-z0-9])?$/, 'expected a lower case domain name');

export const routingConfig = z.strictObject({
  tenant: tenantId,
  broker: brokerAccess,
  /** Users of the accounts BACKBONE, CORE and the tenant's own. */
  credentials: z.object({ backbone: z.string(), core: z.string(), tenant: z.string() }),
  /** Apps live at `<name>.<domain>`. Default `sallyport.localhost`. */
  domain: domain.default('sallyport.localhost'),
  /** Port of the ingress as users see it. Default 8443. */
  externalPort: z.number().int().min(1).max(65_535).default(8443),
  /** First labels no app may take. Default login, portal, api. */
  reservedHosts: z.array(z.string().max(63)).max(50).default(['login', 'portal', 'api']),
  /** Folder for `queue.key`, the key behind the queue secrets of connector groups; made at the first start, mode 0600. */
  keyDirectory: z.string().min(1),
});
export type RoutingConfig = z.infer<typeof routingConfig>;
