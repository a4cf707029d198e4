import { z } from 'zod';
import type { AggregateType, Fact } from '#libs/events';
import { connectorId } from '../ids.ts';

const issued = z.object({
  serialNumber: z.string().max(64),
  /** SHA-256 of the certificate, lower case hex; also the aggregate's id. */
  thumbprint: z.string().regex(/^[0-9a-f]{64}$/),
  connectorId,
  subject: z.string().max(255),
  notBefore: z.iso.datetime(),
  notAfter: z.iso.datetime(),
});

export type CertificateFact =
  | Fact<'CertificateIssued', z.infer<typeof issued>>
  | Fact<'CertificateRevoked', { readonly reason: string }>;

export const certificateAggregate: AggregateType<CertificateFact> = {
  context: 'certificate-authority',
  thing: 'certificate',
  facts: {
    CertificateIssued: { version: 1, schema: issued },
    CertificateRevoked: { version: 1, schema: z.object({ reason: z.string().max(400) }) },
  },
};

export type CertificateState =
  | { readonly status: 'absent' }
  | ({ readonly status: 'valid' } & z.infer<typeof issued>)
  | ({ readonly status: 'revoked' } & z.infer<typeof issued>);

export const initialCertificateState: CertificateState = { status: 'absent' };

export function evolveCertificate(state: CertificateState, fact: CertificateFact): CertificateState {
  switch (fact.type) {
    case 'CertificateIssued':
      return { status: 'valid', ...fact.data };
    case 'CertificateRevoked':
      return state.status === 'absent' ? state : { ...state, status: 'revoked' };
    default:
      return fact satisfies never;
  }
}
