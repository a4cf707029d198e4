import { X509Certificate } from 'node:crypto';
import { MAX_CERTIFICATE_AUTHORITY_CHARACTERS } from '#libs/contracts';
import { refuseValue } from '../errors.ts';

const BLOCK = /-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----/g;

/**
 * PEM certificates alone, one after the other, whatever stood between them left out. Expired ones are taken: whether an
 * origin's chain holds is judged when it is called. Error: ERR_APP_CERTIFICATE_AUTHORITY.
 */
export function normalizeCertificateAuthority(text: string): string {
  const refuse = (why: string, remedy: string) =>
    refuseValue('ERR_APP_CERTIFICATE_AUTHORITY', {
      field: 'originCertificateAuthority',
      value: text.slice(0, 60),
      why,
      remedy,
    });
  if (text.includes('PRIVATE KEY'))
    throw refuseValue('ERR_APP_CERTIFICATE_AUTHORITY', {
      field: 'originCertificateAuthority',
      value: '[redacted]',
      why: 'holds a private key, which nobody must be told',
      remedy: 'give the certificates alone, and think of that key as known',
    });
  if (text.length > MAX_CERTIFICATE_AUTHORITY_CHARACTERS)
    throw refuse(
      `has ${text.length} characters`,
      `expected at most ${MAX_CERTIFICATE_AUTHORITY_CHARACTERS}: give the authorities of this origin only`,
    );
  const blocks = text.match(BLOCK) ?? [];
  if (blocks.length === 0) throw refuse('holds no certificate', 'give PEM text (-----BEGIN CERTIFICATE-----)');
  for (const [index, block] of blocks.entries()) {
    const certificate = readCertificate(block);
    if (certificate === undefined) throw refuse(`cannot be read (certificate ${index + 1})`, 'give it again as PEM');
    // A pinned leaf is fine too: TLS libraries take a self-signed one as its own authority.
    if (!certificate.ca && certificate.issuer !== certificate.subject)
      throw refuse(
        `is not of an authority (certificate ${index + 1})`,
        'give the root or intermediate certificate that signed the origin, not the certificate of the origin',
      );
  }
  return `${blocks.map((block) => block.replace(/\r\n?/g, '\n')).join('\n')}\n`;
}

function readCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    // Reported by the caller, which knows which one it was.
    return undefined;
  }
}
