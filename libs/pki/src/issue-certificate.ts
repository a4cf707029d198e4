import type { Authority } from './authority.ts';
import type { RequestedKey } from './certificate-request.ts';
import { connectorUri } from './connector-identity.ts';
import { ALGORITHM, certificatePem, generateKeys, newSerialNumber, privateKeyPem, validity, x509 } from './x509.ts';

export const SERVER_DAYS = 90;
export const CONNECTOR_DAYS = 365;

export type IssuedCertificate = {
  readonly certificatePem: string;
  /** The certificate, then its issuer. */
  readonly chainPem: string;
  /** Lower case hex. */
  readonly serialNumber: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
};

/** A server's key and certificate. The first DNS name becomes the common name. */
export async function issueServerCertificate(
  issuer: Authority,
  input: {
    readonly dnsNames: readonly [string, ...string[]];
    readonly ips?: readonly string[];
    readonly now: Date;
    /** Default SERVER_DAYS. */
    readonly days?: number;
  },
): Promise<IssuedCertificate & { readonly privateKeyPem: string }> {
  const keys = await generateKeys();
  const names: x509.JsonGeneralNames = [
    ...input.dnsNames.map((value) => ({ type: 'dns' as const, value })),
    ...(input.ips ?? []).map((value) => ({ type: 'ip' as const, value })),
  ];
  const certificate = await sign(issuer, {
    subject: `CN=${input.dnsNames[0]}`,
    publicKey: keys.publicKey,
    now: input.now,
    days: input.days ?? SERVER_DAYS,
    usage: x509.ExtendedKeyUsage.serverAuth,
    names,
  });
  return { ...issued(certificate, issuer), privateKeyPem: await privateKeyPem(keys.privateKey) };
}

/** A connector's client certificate: of the request only the public key is taken, subject and SAN are ours. */
export async function issueConnectorCertificate(
  issuer: Authority,
  input: {
    readonly publicKey: RequestedKey;
    readonly tenant: string;
    readonly connectorId: string;
    readonly now: Date;
    /** Default CONNECTOR_DAYS. */
    readonly days?: number;
  },
): Promise<IssuedCertificate> {
  const certificate = await sign(issuer, {
    subject: `CN=${input.connectorId}`,
    publicKey: new x509.PublicKey(input.publicKey.spki),
    now: input.now,
    days: input.days ?? CONNECTOR_DAYS,
    usage: x509.ExtendedKeyUsage.clientAuth,
    names: [{ type: 'url', value: connectorUri(input.tenant, input.connectorId) }],
  });
  return issued(certificate, issuer);
}

async function sign(
  issuer: Authority,
  input: {
    readonly subject: string;
    readonly publicKey: x509.PublicKeyType;
    readonly now: Date;
    readonly days: number;
    readonly usage: x509.ExtendedKeyUsage;
    readonly names: x509.JsonGeneralNames;
  },
): Promise<x509.X509Certificate> {
  return x509.X509CertificateGenerator.create({
    serialNumber: newSerialNumber(),
    subject: input.subject,
    issuer: issuer.certificate.subject,
    ...validity(input.now, input.days),
    signingAlgorithm: ALGORITHM,
    publicKey: input.publicKey,
    signingKey: issuer.privateKey,
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(x509.KeyUsageFlags.digitalSignature, true),
      new x509.ExtendedKeyUsageExtension([input.usage], true),
      new x509.SubjectAlternativeNameExtension(input.names),
      await x509.SubjectKeyIdentifierExtension.create(input.publicKey),
      await x509.AuthorityKeyIdentifierExtension.create(issuer.certificate),
    ],
  });
}

function issued(certificate: x509.X509Certificate, issuer: Authority): IssuedCertificate {
  const pem = certificatePem(certificate);
  return {
    certificatePem: pem,
    chainPem: pem + issuer.certificatePem,
    serialNumber: certificate.serialNumber.toLowerCase(),
    notBefore: certificate.notBefore,
    notAfter: certificate.notAfter,
  };
}
