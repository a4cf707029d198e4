import { z } from 'zod';
import { tenantId } from '#libs/contracts';
import { brokerAccess } from '#libs/messaging';

export const consoleConfig = z.strictObject({
  tenant: tenantId,
  broker: brokerAccess,
  credentials: z.object({ backbone: z.string() }),
  /** Address to listen on. Default 127.0.0.1: the admin plane is not on the internet unless an operator puts it there. */
  host: z.string().default('127.0.0.1'),
  /** Port; 0 takes any free one. Default 8446. */
  port: z.number().int().min(0).max(65_535).default(8446),
  /** Folder of certificates that the ingress on this host watches; without it they are put there by hand. */
  certificatesDirectory: z.string().min(1).optional(),
  /** Certificate chain and private key, PEM files. */
  tls: z.object({ certFile: z.string(), keyFile: z.string() }),
});
export type ConsoleConfig = z.infer<typeof consoleConfig>;
