import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import * as x509 from '@peculiar/x509';

const ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' } as const;
const DAY_MS = 86_400_000;

/** PEM texts, each with a line end behind it. */
export type PemCertificates = {
  readonly authority: string;
  readonly intermediate: string;
  readonly leaf: string;
  /** Of the leaf, PKCS #8. */
  readonly key: string;
};

/** A root, an intermediate and a server certificate for these names, good from yesterday for 90 days unless told. */
export async function pemCertificates(given: {
  readonly names: readonly string[];
  readonly notBefore?: Date;
  readonly notAfter?: Date;
}): Promise<PemCertificates> {
  x509.cryptoProvider.set(webcrypto);
  const [root, middle, own] = await Promise.all([1, 2, 3].map(() => generateKeys()));
  if (!root || !middle || !own) throw new Error('three pairs of keys were made');
  const dates = {
    notBefore: given.notBefore ?? new Date(Date.now() - DAY_MS),
    notAfter: given.notAfter ?? new Date(Date.now() + 90 * DAY_MS),
    signingAlgorithm: ALGORITHM,
  };
  const isAuthority = [new x509.BasicConstraintsExtension(true, undefined, true)];
  const authority = await x509.X509CertificateGenerator.createSelfSigned({
    ...dates,
    name: 'CN=spec root',
    keys: root,
    extensions: isAuthority,
  });
  const intermediate = await x509.X509CertificateGenerator.create({
    ...dates,
    subject: 'CN=spec intermediate',
    issuer: authority.subject,
    publicKey: middle.publicKey,
    signingKey: root.privateKey,
    extensions: isAuthority,
  });
  const leaf = await x509.X509CertificateGenerator.create({
    ...dates,
    subject: `CN=${given.names[0] ?? 'nobody'}`,
    issuer: intermediate.subject,
    publicKey: own.publicKey,
    signingKey: middle.privateKey,
    extensions: [
      new x509.BasicConstraintsExtension(false),
      new x509.SubjectAlternativeNameExtension(given.names.map((value) => ({ type: 'dns' as const, value }))),
    ],
  });
  const key = await webcrypto.subtle.exportKey('pkcs8', own.privateKey);
  const pem = (certificate: x509.X509Certificate) => `${certificate.toString('pem')}\n`;
  return {
    authority: pem(authority),
    intermediate: pem(intermediate),
    leaf: pem(leaf),
    key: `${x509.PemConverter.encode(key, 'PRIVATE KEY')}\n`,
  };
}

function generateKeys(): Promise<CryptoKeyPair> {
  return webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
}
