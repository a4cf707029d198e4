import { z } from 'zod';

/** Who caused a command, recorded as the actor of its facts. */
export const actor = z.object({
  kind: z.enum(['user', 'service', 'connector', 'local-operator', 'system']),
  id: z.string().max(128),
  name: z.string().max(320).optional(),
});

/** Carried by every command: retried with the same commandId it takes effect once. */
export const commandContext = z.object({
  commandId: z.string().max(64),
  actor,
  correlationId: z.string().max(64),
  traceparent: z.string().max(128).optional(),
});

/** What the ingress saw of the caller. */
export const clientInfo = z.object({
  address: z.string().max(64),
  userAgent: z.string().max(400),
});
export type ClientInfo = z.infer<typeof clientInfo>;
