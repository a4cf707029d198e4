import {
  type CertificateFact,
  type CertificateState,
  evolveCertificate,
  initialCertificateState,
} from '#libs/contracts';
import { SallyportError } from '#libs/errors';
import type { Decider, FactOf } from '#libs/events';

export type CertificateCommand =
  | { readonly type: 'IssueCertificate'; readonly certificate: FactOf<CertificateFact, 'CertificateIssued'>['data'] }
  | { readonly type: 'RevokeCertificate'; readonly reason: string };

/** Errors: ERR_CERTIFICATE_EXISTS, ERR_CERTIFICATE_ABSENT. Revoking twice is nothing to do. */
export function decideCertificate(command: CertificateCommand, state: CertificateState): readonly CertificateFact[] {
  switch (command.type) {
    case 'IssueCertificate':
      if (state.status !== 'absent')
        throw new SallyportError('ERR_CERTIFICATE_EXISTS', 'a certificate with this thumbprint was issued already');
      return [{ type: 'CertificateIssued', data: command.certificate }];
    case 'RevokeCertificate':
      if (state.status === 'absent')
        throw new SallyportError('ERR_CERTIFICATE_ABSENT', 'no certificate with this thumbprint was issued');
      return state.status === 'revoked' ? [] : [{ type: 'CertificateRevoked', data: { reason: command.reason } }];
    default:
      return command satisfies never;
  }
}

export const certificateDecider: Decider<CertificateCommand, CertificateFact, CertificateState> = {
  initialState: initialCertificateState,
  evolve: evolveCertificate,
  decide: decideCertificate,
};
