import { createPrivateKey, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { SallyportError } from '#libs/errors';
import { writeSecretFile } from '#libs/nats-identity';

/** No pair has this name: it lies in the folder without a `.crt`. */
const FILE = 'acme-account.key';

/**
 * The key of the account at the ACME server, made at the first start, mode 0600: the same key is the same account.
 * Error ERR_INGRESS_ACME_ACCOUNT when the file is there and cannot be used.
 */
export async function openAccountKey(directory: string): Promise<KeyObject> {
  const path = join(directory, FILE);
  try {
    const text = await readFile(path, 'utf8');
    if (((await stat(path)).mode & 0o077) !== 0) throw new Error('readable by others');
    const key = createPrivateKey(text);
    if (key.asymmetricKeyDetails?.namedCurve !== 'prime256v1') throw new Error('no EC key on P-256');
    return key;
  } catch (cause) {
    if (!isAbsent(cause))
      throw new SallyportError(
        'ERR_INGRESS_ACME_ACCOUNT',
        `account key ${path} cannot be used: give it mode 0600, or remove it to make a new account`,
        { expose: true, cause, details: { path } },
      );
  }
  const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  await mkdir(directory, { recursive: true, mode: 0o700 });
  await writeSecretFile(path, String(privateKey.export({ type: 'pkcs8', format: 'pem' })));
  return privateKey;
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
