import { ALGORITHM, generateKeys, privateKeyPem, x509 } from './x509.ts';

/** Longest request read, in characters; a P-256 request has about 500. */
export const MAX_REQUEST_CHARACTERS = 8192;

/** A public key whose owner proved to hold the private one. */
export type RequestedKey = { readonly algorithm: 'ECDSA P-256'; readonly spki: Uint8Array<ArrayBuffer> };

export type CertificateRequest = {
  readonly publicKey: RequestedKey;
  /** Distinguished name as asked for, for example `CN=con_1`. Never copied into a certificate. */
  readonly subject: string;
  /** Subject alternative names asked for, as `<type>:<value>`. */
  readonly alternativeNames: readonly string[];
};

export type CertificateRequestVerdict =
  | { readonly status: 'accepted'; readonly request: CertificateRequest }
  | {
      readonly status: 'refused';
      readonly reason: 'csr-oversize' | 'csr-malformed' | 'csr-key-type' | 'csr-signature-wrong';
      readonly detail: string;
    };

const BLOCK = /^\s*-----BEGIN CERTIFICATE REQUEST-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE REQUEST-----\s*$/;

/** Reads a PKCS#10 request (RFC 2986) and verifies that it is signed by its own key. Total: never throws. */
export async function readCertificateRequest(pem: string): Promise<CertificateRequestVerdict> {
  if (pem.length > MAX_REQUEST_CHARACTERS)
    return refused('csr-oversize', `longer than ${MAX_REQUEST_CHARACTERS} characters`);
  const body = BLOCK.exec(pem)?.[1];
  if (body === undefined) return refused('csr-malformed', 'expected one PEM block CERTIFICATE REQUEST');
  try {
    const request = new x509.Pkcs10CertificateRequest(Buffer.from(body, 'base64'));
    if (!isP256(request.publicKey)) return refused('csr-key-type', 'expected an ECDSA key on P-256');
    if (!(await request.verify())) return refused('csr-signature-wrong', 'not signed by the key it carries');
    return {
      status: 'accepted',
      request: {
        publicKey: { algorithm: 'ECDSA P-256', spki: new Uint8Array(request.publicKey.rawData) },
        subject: request.subject,
        alternativeNames: alternativeNames(request),
      },
    };
  } catch {
    // The parser's own words say nothing a caller could act on.
    return refused('csr-malformed', 'not a PKCS#10 certificate request');
  }
}

/** The connector's side: a fresh key, which stays there, and the request for its certificate. */
export async function createKeyAndRequest(input: {
  readonly commonName: string;
}): Promise<{ readonly privateKeyPem: string; readonly requestPem: string }> {
  const keys = await generateKeys();
  const name = new x509.Name([{ CN: [input.commonName] }]);
  const request = await x509.Pkcs10CertificateRequestGenerator.create({ name, keys, signingAlgorithm: ALGORITHM });
  return {
    privateKeyPem: await privateKeyPem(keys.privateKey),
    requestPem: `${x509.PemConverter.encode(request.rawData, 'CERTIFICATE REQUEST')}\n`,
  };
}

function alternativeNames(request: x509.Pkcs10CertificateRequest): string[] {
  return request.extensions
    .filter((extension) => extension instanceof x509.SubjectAlternativeNameExtension)
    .flatMap((extension) => extension.names.items.map((name) => `${name.type}:${name.value}`));
}

function isP256(key: x509.PublicKey): boolean {
  const algorithm: { readonly name: string; readonly namedCurve?: unknown } = key.algorithm;
  return algorithm.name === 'ECDSA' && algorithm.namedCurve === 'P-256';
}

function refused(
  reason: Extract<CertificateRequestVerdict, { status: 'refused' }>['reason'],
  detail: string,
): CertificateRequestVerdict {
  return { status: 'refused', reason, detail };
}
