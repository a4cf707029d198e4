import { createHash, createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { JWK } from 'jose';
import { fileError } from './errors.ts';

const MODULUS_BITS = 2048;

export type SigningKey = { readonly privateKey: KeyObject; readonly kid: string; readonly jwk: JWK };

/** Reads the PEM file, or makes it (mode 0600) when it is not there. Error ERR_DEV_IDP_FILE. */
export function loadSigningKey(path: string): SigningKey {
  try {
    const privateKey = createPrivateKey(readOrCreate(path));
    if (privateKey.asymmetricKeyType !== 'rsa') throw new TypeError(`${privateKey.asymmetricKeyType} is not RSA`);
    const jwk = privateKey.export({ format: 'jwk' });
    const kid = createHash('sha256').update(String(jwk.n)).digest('base64url').slice(0, 22);
    return { privateKey, kid, jwk: { ...jwk, alg: 'RS256', use: 'sig', kid } };
  } catch (cause) {
    throw fileError(path, 'signing key file', cause);
  }
}

function readOrCreate(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
  }
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: MODULUS_BITS });
  const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, pem, { mode: 0o600, flag: 'wx' });
  return pem;
}
