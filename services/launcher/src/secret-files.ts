import { randomBytes } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createLocalOperatorKey } from '#libs/local-operator';
import { writeAtomically } from './data-dir.ts';
import type { SecretFiles } from './plan.ts';

/** Makes what is missing, keeps what is there: the client secret of the development directory and the local operator's key. */
export async function ensureSecretFiles(dataDir: string): Promise<SecretFiles> {
  const files = {
    clientSecretFile: join(dataDir, 'identity-provider', 'client-secret'),
    operatorKeyFile: join(dataDir, 'operator', 'local-operator.key'),
    operatorPublicKeyFile: join(dataDir, 'operator', 'local-operator.pub'),
  };
  for (const folder of ['identity-provider', 'operator', 'config', 'logs', 'auth', 'routing'])
    await mkdir(join(dataDir, folder), { recursive: true, mode: 0o700 });
  if (!(await isThere(files.clientSecretFile)))
    await writeAtomically(files.clientSecretFile, randomBytes(32).toString('base64url'));
  if (!(await isThere(files.operatorKeyFile)) || !(await isThere(files.operatorPublicKeyFile))) {
    const { privateKeyPem, publicKeyPem } = createLocalOperatorKey();
    await writeAtomically(files.operatorPublicKeyFile, publicKeyPem);
    await writeAtomically(files.operatorKeyFile, privateKeyPem);
  }
  return files;
}

async function isThere(file: string): Promise<boolean> {
  return readFile(file).then(
    () => true,
    () => false,
  );
}
