import 'reflect-metadata';
import { createHash, webcrypto } from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import * as x509 from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
/** id-pe-acmeIdentifier (RFC 8737, 3). */
const ACME_IDENTIFIER = '1.3.6.1.5.5.7.1.31';
const LIFE_MS = 7 * 86_400_000;

/** The self-signed certificate that proves control of a host: its one name, and the hash of the key authorization. */
export async function challengeContext(host: string, keyAuthorization: string): Promise<SecureContext> {
  x509.cryptoProvider.set(webcrypto);
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const hash = createHash('sha256').update(keyAuthorization).digest();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: `CN=${host.length <= 64 ? host : 'acme challenge'}`,
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + LIFE_MS),
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [
      new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: host }]),
      // DER: an octet string of 32 bytes.
      new x509.Extension(ACME_IDENTIFIER, true, Buffer.concat([Buffer.from([0x04, hash.length]), hash])),
    ],
  });
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return createSecureContext({
    cert: certificate.toString('pem'),
    key: x509.PemConverter.encode(pkcs8, 'PRIVATE KEY'),
    minVersion: 'TLSv1.2',
  });
}

/** A new key, and a certificate request for one host (RFC 8555, 7.4). */
export async function createHostRequest(
  host: string,
): Promise<{ readonly privateKey: string; readonly request: Buffer }> {
  x509.cryptoProvider.set(webcrypto);
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const request = await x509.Pkcs10CertificateRequestGenerator.create({
    name: '',
    keys,
    signingAlgorithm: ALGORITHM,
    extensions: [new x509.SubjectAlternativeNameExtension([{ type: 'dns', value: host }])],
  });
  const pkcs8 = await webcrypto.subtle.exportKey('pkcs8', keys.privateKey);
  return {
    privateKey: `${x509.PemConverter.encode(pkcs8, 'PRIVATE KEY')}\n`,
    request: Buffer.from(request.rawData),
  };
}
