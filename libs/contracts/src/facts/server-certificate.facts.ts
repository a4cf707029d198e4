import { z } from 'zod';
import type { AggregateType, Fact } from '#libs/events';

/** What a certificate of the gate says. Chain and key are files (ADR-0008): a key is in no fact and on no subject. */
export const serverCertificate = z.object({
  /** DNS names in lower case, `*.` in front of wildcards. */
  hosts: z.array(z.string().min(1).max(255)).min(1).max(1_000),
  /** SHA-256 of the certificate, lower case hex. */
  thumbprint: z.string().regex(/^[0-9a-f]{64}$/),
  issuer: z.string().max(255),
  notBefore: z.iso.datetime(),
  notAfter: z.iso.datetime(),
});
export type ServerCertificateSummary = z.infer<typeof serverCertificate>;

/** Id of the aggregate: the name of the pair of files. */
export type ServerCertificateFact =
  | Fact<'ServerCertificateInstalled', ServerCertificateSummary>
  | Fact<'ServerCertificateRemoved', Record<string, never>>;

export const serverCertificateAggregate: AggregateType<ServerCertificateFact> = {
  context: 'routing',
  thing: 'server-certificate',
  facts: {
    ServerCertificateInstalled: { version: 1, schema: serverCertificate },
    ServerCertificateRemoved: { version: 1, schema: z.object({}) },
  },
};

export type ServerCertificateState =
  | { readonly status: 'absent' }
  | ({ readonly status: 'installed' } & ServerCertificateSummary)
  | { readonly status: 'removed' };

export const initialServerCertificateState: ServerCertificateState = { status: 'absent' };

export function evolveServerCertificate(
  _state: ServerCertificateState,
  fact: ServerCertificateFact,
): ServerCertificateState {
  switch (fact.type) {
    case 'ServerCertificateInstalled':
      return { status: 'installed', ...fact.data };
    case 'ServerCertificateRemoved':
      return { status: 'removed' };
    default:
      return fact satisfies never;
  }
}
