import { createPrivateKey, webcrypto, X509Certificate } from 'node:crypto';
import { SallyportError } from '#libs/errors';
import { ALGORITHM, certificatePem, generateKeys, newSerialNumber, privateKeyPem, validity, x509 } from './x509.ts';

export const ROOT_DAYS = 3650;
export const ISSUING_DAYS = 1825;

/** A certification authority able to sign. */
export type Authority = {
  readonly certificate: x509.X509Certificate;
  readonly certificatePem: string;
  readonly privateKey: webcrypto.CryptoKey;
  /** PKCS#8 PEM: the secret. */
  readonly privateKeyPem: string;
};

export type AuthorityInput = {
  /** Common name, for example `Sallyport Root CA`; letters, digits, spaces and hyphens. */
  readonly commonName: string;
  readonly now: Date;
  /** Default ROOT_DAYS or ISSUING_DAYS. */
  readonly days?: number;
};

/** A self-signed root that may certify issuing authorities, one level deep (path length 1). */
export async function createRootAuthority(input: AuthorityInput): Promise<Authority> {
  const keys = await generateKeys();
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: newSerialNumber(),
    name: distinguishedName(input.commonName),
    ...validity(input.now, input.days ?? ROOT_DAYS),
    signingAlgorithm: ALGORITHM,
    keys,
    extensions: [...authorityExtensions(1), await x509.SubjectKeyIdentifierExtension.create(keys.publicKey)],
  });
  return authorityOf(certificate, keys.privateKey);
}

/** An authority that signs end certificates only (path length 0). */
export async function createIssuingAuthority(root: Authority, input: AuthorityInput): Promise<Authority> {
  const keys = await generateKeys();
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: newSerialNumber(),
    subject: distinguishedName(input.commonName),
    issuer: root.certificate.subject,
    ...validity(input.now, input.days ?? ISSUING_DAYS),
    signingAlgorithm: ALGORITHM,
    publicKey: keys.publicKey,
    signingKey: root.privateKey,
    extensions: [
      ...authorityExtensions(0),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(root.certificate),
    ],
  });
  return authorityOf(certificate, keys.privateKey);
}

/** @throws ERR_PKI_AUTHORITY when a text is not PEM, the certificate is no CA, or the key is not its own. */
export async function readAuthority(input: {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
}): Promise<Authority> {
  const refuse = (problem: string, cause?: unknown) =>
    new SallyportError('ERR_PKI_AUTHORITY', `authority is not usable: ${problem}`, { cause, details: { problem } });
  try {
    const certificate = new X509Certificate(input.certificatePem);
    if (!certificate.ca) throw refuse('the certificate may not sign others');
    if (!certificate.checkPrivateKey(createPrivateKey(input.privateKeyPem)))
      throw refuse('the private key does not belong to the certificate');
    const der = x509.PemConverter.decodeFirst(input.privateKeyPem);
    const privateKey = await webcrypto.subtle.importKey('pkcs8', der, ALGORITHM, true, ['sign']);
    return {
      certificate: new x509.X509Certificate(certificate.raw),
      certificatePem: input.certificatePem,
      privateKey,
      privateKeyPem: input.privateKeyPem,
    };
  } catch (cause) {
    throw cause instanceof SallyportError ? cause : refuse('certificate or key is not readable PEM', cause);
  }
}

function authorityExtensions(pathLength: number): x509.Extension[] {
  return [
    new x509.BasicConstraintsExtension(true, pathLength, true),
    new x509.KeyUsagesExtension(x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign, true),
  ];
}

function distinguishedName(commonName: string): string {
  if (/^[A-Za-z0-9 -]{1,60}$/.test(commonName)) return `CN=${commonName},O=Sallyport`;
  throw new SallyportError(
    'ERR_PKI_NAME',
    'common name of an authority is letters, digits, spaces and hyphens, 60 at most',
  );
}

async function authorityOf(certificate: x509.X509Certificate, privateKey: webcrypto.CryptoKey): Promise<Authority> {
  return {
    certificate,
    certificatePem: certificatePem(certificate),
    privateKey,
    privateKeyPem: await privateKeyPem(privateKey),
  };
}
