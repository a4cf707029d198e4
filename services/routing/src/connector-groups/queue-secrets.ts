import { createHmac, randomBytes } from 'node:crypto';
import { link, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { Secret } from '#libs/config';
import { SallyportError } from '#libs/errors';

const KEY_BYTES = 32;
const QUEUE_CHARACTERS = 40;

/** Secret queue name of a connector group: a connector that does not know it cannot take another group's requests. */
export type QueueSecrets = { queueOf(tenant: string, connectorGroupId: string): string };

/**
 * Opens the routing key, or makes it (mode 0600) when there is none. Losing the file changes every queue name: connectors
 * pull the new ones with their next configuration.
 * Errors: ERR_ROUTING_KEY when the file cannot be used: unreadable, of a wrong size, or readable by others.
 */
export async function openQueueSecrets(keyFile: string): Promise<QueueSecrets> {
  const key = new Secret(await readOrCreate(keyFile));
  return {
    queueOf: (tenant, connectorGroupId) => {
      const mac = createHmac('sha256', key.reveal()).update(`queue\0${tenant}\0${connectorGroupId}`);
      return `q_${mac.digest('hex').slice(0, QUEUE_CHARACTERS)}`;
    },
  };
}

async function readOrCreate(keyFile: string): Promise<Buffer> {
  try {
    await create(keyFile);
  } catch (cause) {
    if (!isExisting(cause)) throw unusable(keyFile, 'cannot be created', cause);
  }
  let key: Buffer;
  try {
    key = await readFile(keyFile);
  } catch (cause) {
    throw unusable(keyFile, 'cannot be read', cause);
  }
  if (key.length !== KEY_BYTES) throw unusable(keyFile, `has ${key.length} bytes, expected ${KEY_BYTES}`);
  const mode = (await stat(keyFile)).mode & 0o777;
  if ((mode & 0o077) !== 0) throw unusable(keyFile, `has mode 0${mode.toString(8)}, expected 0600`);
  return key;
}

/** Written beside and linked whole: fails when the file exists, and a crash never leaves half a key. */
async function create(keyFile: string): Promise<void> {
  const draft = `${keyFile}.${randomBytes(8).toString('hex')}`;
  try {
    await writeFile(draft, randomBytes(KEY_BYTES), { mode: 0o600, flag: 'wx', flush: true });
    await link(draft, keyFile);
  } finally {
    await rm(draft, { force: true });
  }
}

function isExisting(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'EEXIST';
}

function unusable(keyFile: string, why: string, cause?: unknown): SallyportError {
  return new SallyportError('ERR_ROUTING_KEY', `routing key file ${keyFile} ${why}`, {
    cause,
    expose: true,
    details: { keyFile },
  });
}
