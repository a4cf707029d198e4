import { z } from 'zod';
import { newId, type Principal } from '#libs/contracts';
import type { Registrations } from './registrations.ts';

export const registerRequest = z.object({
  /** What administrators see; need not be unique. */
  name: z.string().min(1).max(120),
  machineName: z.string().max(255),
  /** Group to join; null leaves the connector pending. */
  connectorGroupId: z
    .string()
    .regex(/^[a-z0-9_-]{1,64}$/)
    .nullable(),
});

export type RegisterAnswer = {
  readonly registrationId: string;
  readonly connectorId: string;
  readonly tenant: string;
  /** Subject the certificate request must carry. */
  readonly subject: string;
};

/** First step: an administrator opens a registration. Nothing is stored yet. */
export function openRegistration(
  registrations: Registrations,
  tenant: string,
  administrator: Principal,
  request: z.infer<typeof registerRequest>,
): RegisterAnswer {
  const connectorId = newId('con');
  const registrationId = newId('reg');
  registrations.add({ ...request, registrationId, connectorId, administrator: administrator.subject });
  return { registrationId, connectorId, tenant, subject: `CN=${connectorId}` };
}
