import 'reflect-metadata';
import { webcrypto } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const LIFETIME_MS = 24 * 60 * 60_000;

/**
 * A throw-away certificate that signs itself, with an ECDSA P-256 key: the kind every front of the bench uses.
 * @param {string} folder
 * @param {string} host
 * @returns {Promise<{ certFile: string, keyFile: string }>}
 */
export async function createCertificate(folder, host) {
  const { KeyUsageFlags, KeyUsagesExtension, SubjectAlternativeNameExtension, X509CertificateGenerator } = await import(
    '@peculiar/x509'
  );
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned({
    name: `CN=${host}`,
    notBefore: new Date(Date.now() - 60_000),
    notAfter: new Date(Date.now() + LIFETIME_MS),
    signingAlgorithm: algorithm,
    keys: /** @type {never} */ (keys),
    extensions: [
      new SubjectAlternativeNameExtension([{ type: 'dns', value: host }]),
      new KeyUsagesExtension(KeyUsageFlags.digitalSignature, true),
    ],
  });
  const certFile = join(folder, 'front.crt');
  const keyFile = join(folder, 'front.key');
  const der = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  const key = `-----BEGIN PRIVATE KEY-----\n${der.toString('base64').replace(/(.{64})/g, '$1\n')}\n-----END PRIVATE KEY-----\n`;
  writeFileSync(certFile, certificate.toString('pem'));
  writeFileSync(keyFile, key, { mode: 0o600 });
  return { certFile, keyFile };
}
