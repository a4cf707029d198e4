import { randomUUID } from 'node:crypto';
import { chmod, open, readFile, rename, stat } from 'node:fs/promises';
import { SallyportError } from '#libs/errors';
import { createNkey, type Nkey, type NkeyKind, nkeyFromSeed } from './nkey.ts';

const SECRET_MODE = 0o600;

/**
 * Reads a seed file, or makes one with a fresh key when there is none.
 * @throws ERR_NKEY_FILE when it exists but cannot be read, is readable by others, or holds no seed of this kind; it is
 * never overwritten.
 */
export async function loadOrCreateSeedFile(path: string, kind: NkeyKind): Promise<Nkey> {
  const existing = await loadSeedFile(path, kind);
  if (existing) return existing;
  const key = createNkey(kind);
  await writeSecretFile(path, `${key.seed()}\n`);
  return key;
}

/** `undefined` when there is no such file. @throws ERR_NKEY_FILE as above. */
export async function loadSeedFile(path: string, kind: NkeyKind): Promise<Nkey | undefined> {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if (isAbsent(cause)) return undefined;
    throw broken(path, 'cannot be read', 'make it readable for the user that runs Sallyport', cause);
  }
  const { mode } = await stat(path);
  if ((mode & 0o077) !== 0) throw broken(path, 'is readable by others', `run: chmod 600 ${path}`);
  try {
    return nkeyFromSeed(text, kind);
  } catch (cause) {
    throw broken(path, `does not hold the seed of a NATS ${kind} key`, 'restore the file from a backup', cause);
  }
}

/** Writes whole or not at all, mode 0600, durable before it takes the name. */
export async function writeSecretFile(path: string, content: string): Promise<void> {
  const draft = `${path}.${randomUUID()}.new`;
  const file = await open(draft, 'wx', SECRET_MODE);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  await chmod(draft, SECRET_MODE);
  await rename(draft, path);
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}

function broken(path: string, problem: string, remedy: string, cause?: unknown): SallyportError {
  return new SallyportError('ERR_NKEY_FILE', `key file ${path} ${problem}; ${remedy}`, {
    cause,
    expose: true,
    details: { path, remedy },
  });
}
