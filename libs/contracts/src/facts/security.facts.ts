import { z } from 'zod';
import type { AggregateType, Fact } from '#libs/events';

const text = z.string().max(400);

/**
 * Refusals that concern no aggregate of ours. Each is an aggregate of its own (id: a fresh decision id), written by the
 * service that refused, and reaches the audit trail and the SIEM consumer.
 */
export type RefusalFact =
  | Fact<
      'SignInRefused',
      { readonly reason: string; readonly detail: string; readonly requestId: string; readonly address: string }
    >
  | Fact<'TokenRefused', { readonly reason: string; readonly detail: string; readonly audience: string }>;

export const signInRefusalAggregate: AggregateType<RefusalFact> = {
  context: 'auth',
  thing: 'refusal',
  facts: {
    SignInRefused: { version: 1, schema: z.object({ reason: text, detail: text, requestId: text, address: text }) },
    TokenRefused: { version: 1, schema: z.object({ reason: text, detail: text, audience: text }) },
  },
};

export type ConnectorRefusalFact =
  | Fact<'RegistrationRefused', { readonly reason: string; readonly detail: string; readonly address: string }>
  | Fact<
      'ConnectorConnectionRefused',
      { readonly reason: string; readonly detail: string; readonly connectorId: string }
    >;

export const connectorRefusalAggregate: AggregateType<ConnectorRefusalFact> = {
  context: 'certificate-authority',
  thing: 'refusal',
  facts: {
    RegistrationRefused: { version: 1, schema: z.object({ reason: text, detail: text, address: text }) },
    ConnectorConnectionRefused: { version: 1, schema: z.object({ reason: text, detail: text, connectorId: text }) },
  },
};
