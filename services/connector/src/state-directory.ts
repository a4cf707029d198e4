import { randomUUID } from 'node:crypto';
import { cp, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { z } from 'zod';
import { parseConfig } from '#libs/config';
import { writeSecretFile } from '#libs/nats-identity';
import { badState } from './errors.ts';

/** `connector.json`: who this connector is and where its service is. No secrets. */
export const connectorIdentity = z.object({
  formatVersion: z.literal(1),
  connectorId: z.string().regex(/^[a-z0-9_-]{1,64}$/),
  tenant: z.string().regex(/^[a-z0-9_-]{1,64}$/),
  name: z.string().min(1).max(120),
  machineName: z.string().max(255),
  configurationUrl: z.url({ protocol: /^https$/ }),
  leafAddresses: z
    .array(z.string().regex(/^tls:\/\/[^\s"/]+:\d{1,5}$/))
    .min(1)
    .max(32),
  registeredAt: z.iso.datetime(),
});
export type ConnectorIdentity = z.infer<typeof connectorIdentity>;

/** Files of a state directory (0700); all are 0600. */
export type StatePaths = {
  readonly directory: string;
  readonly identity: string;
  /** PKCS#8 PEM, made here, never sent anywhere. */
  readonly privateKey: string;
  /** Leaf certificate, then its issuer, PEM. */
  readonly certificate: string;
  /** Root of the service's authority, PEM. */
  readonly trust: string;
  /** Further authorities for the service's HTTPS endpoint, PEM; absent when the system's suffice. */
  readonly endpointTrust: string;
  /** Put here by the host's administrator: authorities of origins' certificates, PEM; absent when the system's suffice. */
  readonly originTrust: string;
  /** Folder made here by the host's administrator: `<name>.crt` and `<name>.key` that apps name as client certificate. */
  readonly originSecrets: string;
  readonly credentials: string;
  /** The last good configuration. */
  readonly configuration: string;
  /** Generated for nats-server at each start. */
  readonly leafConfig: string;
  /** Folder for what the running leaf leaves: ports and process id. */
  readonly run: string;
};

export function statePaths(directory: string): StatePaths {
  const root = resolve(directory);
  return {
    directory: root,
    identity: join(root, 'connector.json'),
    privateKey: join(root, 'connector.key'),
    certificate: join(root, 'connector.crt'),
    trust: join(root, 'trust.crt'),
    endpointTrust: join(root, 'endpoint-trust.crt'),
    originTrust: join(root, 'origin-trust.crt'),
    originSecrets: join(root, 'secrets'),
    credentials: join(root, 'connector.creds'),
    configuration: join(root, 'configuration.json'),
    leafConfig: join(root, 'leaf.conf'),
    run: join(root, 'run'),
  };
}

/** True when the directory holds anything at all. */
export async function isOccupied(directory: string): Promise<boolean> {
  try {
    return (await readdir(directory)).length > 0;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw badState(`state directory ${directory} cannot be read`, error);
  }
}

/** What the host's administrator put there: it outlives a new registration. */
const OF_THE_HOST = ['originTrust', 'originSecrets'] as const;

/**
 * Writes a whole state directory beside its final place and renames it there: it exists completely or not at all. An old
 * one is moved aside first and removed last.
 */
export async function installState(directory: string, files: ReadonlyMap<keyof StatePaths, string>): Promise<void> {
  const target = resolve(directory);
  const parent = dirname(target);
  const draft = join(parent, `.${basename(target)}.${randomUUID()}.new`);
  const old = join(parent, `.${basename(target)}.${randomUUID()}.old`);
  try {
    await mkdir(parent, { recursive: true });
    await mkdir(draft, { mode: 0o700 });
    const paths = statePaths(draft);
    for (const [file, content] of files) await writeSecretFile(paths[file], content);
    const present = statePaths(target);
    for (const file of OF_THE_HOST) await copyIfPresent(present[file], paths[file]);
    await syncDirectory(draft);
    const hadOld = await moveAside(target, old);
    await rename(draft, target);
    await syncDirectory(parent);
    if (hadOld) await rm(old, { recursive: true, force: true });
  } catch (cause) {
    await rm(draft, { recursive: true, force: true });
    throw badState(`state directory ${target} cannot be written; make ${parent} writable for this user`, cause);
  }
}

/** @throws ERR_CONFIG_CONNECTOR_STATE naming the file and the remedy. */
export async function readIdentity(paths: StatePaths): Promise<ConnectorIdentity> {
  const text = await readStateFile(paths.identity);
  let input: unknown;
  try {
    input = JSON.parse(text);
  } catch (cause) {
    throw badState(`${paths.identity} is not JSON; register this connector again with --force`, cause);
  }
  return parseConfig(connectorIdentity, input, paths.identity);
}

/** @throws ERR_CONFIG_CONNECTOR_STATE when absent, unreadable, or open to others. */
export async function readStateFile(path: string): Promise<string> {
  try {
    const { mode } = await stat(path);
    if ((mode & 0o077) !== 0) throw badState(`${path} is open to other users; run: chmod 600 ${path}`);
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT')
      throw badState(`${path} is missing; register this connector first: sallyport connector register`, cause);
    if (errorCode(cause).startsWith('ERR_CONFIG')) throw cause;
    throw badState(`${path} cannot be read; run as the user that registered this connector`, cause);
  }
}

/** Absent is undefined. */
export async function readOptionalStateFile(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (errorCode(cause) === 'ENOENT') return undefined;
    throw badState(`${path} cannot be read`, cause);
  }
}

async function copyIfPresent(from: string, to: string): Promise<void> {
  try {
    await cp(from, to, { recursive: true });
  } catch (error) {
    if (errorCode(error) !== 'ENOENT') throw error;
  }
}

async function moveAside(target: string, old: string): Promise<boolean> {
  try {
    await rename(target, old);
    return true;
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return false;
    throw error;
  }
}

async function syncDirectory(path: string): Promise<void> {
  const handle = await open(path, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

function errorCode(error: unknown): string {
  return typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
}
