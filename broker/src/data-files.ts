import { mkdir, readFile, stat } from 'node:fs/promises';
import { SallyportError } from '#libs/errors';
import { writeSecretFile } from '#libs/nats-identity';

const DIRECTORY_MODE = 0o700;

export { writeSecretFile };

/** @throws ERR_BROKER_DATA_DIR when it cannot be made, or is no directory. */
export async function ensureDirectory(path: string): Promise<void> {
  try {
    await mkdir(path, { recursive: true, mode: DIRECTORY_MODE });
  } catch (cause) {
    throw new SallyportError('ERR_BROKER_DATA_DIR', `directory ${path} cannot be made; choose another --data-dir`, {
      cause,
      expose: true,
      details: { path },
    });
  }
}

/** `undefined` when there is no such file. @throws ERR_BROKER_CORRUPT when it is there but cannot be read. */
export async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw corrupt(path, 'cannot be read', 'make it readable for the user that runs Sallyport', cause);
  }
}

/** Writes only when the content differs; answers whether it did. */
export async function writeIfChanged(path: string, content: string): Promise<boolean> {
  if ((await readIfPresent(path)) === content) return false;
  await writeSecretFile(path, content);
  return true;
}

/** @throws ERR_BROKER_CORRUPT when others may read the file. */
export async function requirePrivate(path: string): Promise<void> {
  const { mode } = await stat(path);
  if ((mode & 0o077) !== 0) throw corrupt(path, 'is readable by others', `run: chmod 600 ${path}`);
}

/** A file of ours is there and unusable. Nothing was overwritten. */
export function corrupt(path: string, problem: string, remedy: string, cause?: unknown): SallyportError {
  return new SallyportError('ERR_BROKER_CORRUPT', `file ${path} ${problem}; ${remedy}`, {
    cause,
    expose: true,
    details: { path, remedy },
  });
}
