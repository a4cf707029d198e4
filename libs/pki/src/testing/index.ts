import { webcrypto } from 'node:crypto';
import { ALGORITHM, x509 } from '../x509.ts';

/** A P-256 request with any distinguished name, and a URI as alternative name when given. */
export async function requestWith(name: string, uri?: string): Promise<string> {
  const keys = await webcrypto.subtle.generateKey(ALGORITHM, true, ['sign', 'verify']);
  const extensions = uri === undefined ? [] : [new x509.SubjectAlternativeNameExtension([{ type: 'url', value: uri }])];
  return requestPem({ name, keys, signingAlgorithm: ALGORITHM, extensions });
}

/** A request whose last byte of signature was changed. */
export async function requestWithBrokenSignature(name: string): Promise<string> {
  const der = Buffer.from((await requestWith(name)).replace(/-----[A-Z ]+-----/g, ''), 'base64');
  der[der.length - 1] = (der.at(-1) ?? 0) ^ 1;
  return pemOfRequest(der);
}

export async function requestWithRsaKey(name: string): Promise<string> {
  const algorithm = { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' };
  const parameters = { ...algorithm, modulusLength: 2048, publicExponent: new Uint8Array([1, 0, 1]) };
  const keys = await webcrypto.subtle.generateKey(parameters, true, ['sign', 'verify']);
  return requestPem({ name, keys, signingAlgorithm: algorithm });
}

export async function requestWithP384Key(name: string): Promise<string> {
  const algorithm = { name: 'ECDSA', namedCurve: 'P-384', hash: 'SHA-384' };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  return requestPem({ name, keys, signingAlgorithm: algorithm });
}

/** Any bytes in the PEM frame of a request. */
export function pemOfRequest(der: Buffer): string {
  return `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
}

async function requestPem(parameters: x509.Pkcs10CertificateRequestCreateParams): Promise<string> {
  const request = await x509.Pkcs10CertificateRequestGenerator.create(parameters);
  return pemOfRequest(Buffer.from(request.rawData));
}
