import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { isSallyportError } from '#libs/errors';
import { writeSecretFile } from '#libs/nats-identity';
import {
  readServerCertificate,
  type ServerCertificate,
  type ServerCertificateVerdict,
} from '#libs/server-certificates';
import { refuseRequest } from './errors.ts';
import { MAX_CERTIFICATES } from './limits.ts';

const NAME = /^[a-z0-9_-]{1,64}$/;
/** The ingress renews and removes these by itself (ADR-0008). */
const ACME_PREFIX = 'acme-';
const FILE = /^([a-z0-9_-]{1,64})\.crt$/;

export type ListedCertificate = { readonly name: string; readonly verdict: ServerCertificateVerdict };

/** The folder of certificates that the ingress of this host watches (ADR-0008). */
export type CertificateFiles = {
  /** By name; a pair that cannot serve is listed with what is wrong. */
  list(): Promise<readonly ListedCertificate[]>;
  /** Judges a pair without writing. Errors: ERR_CERTIFICATE_NAME, ERR_CERTIFICATE_REFUSED, ERR_CERTIFICATE_TOO_MANY. */
  judge(name: string, pair: { readonly chain: string; readonly key: string }): Promise<ServerCertificate>;
  /** Both files whole or not at all, the key with mode 0600. */
  write(name: string, pair: { readonly chain: string; readonly key: string }): Promise<void>;
  /** Error: ERR_CERTIFICATE_ABSENT. */
  require(name: string): Promise<void>;
  remove(name: string): Promise<void>;
};

export function openCertificateFiles(directory: string, now: () => number = Date.now): CertificateFiles {
  const path = (name: string, kind: 'crt' | 'key') => join(directory, `${name}.${kind}`);
  const names = async () => (await filesOf(directory)).flatMap((file) => FILE.exec(file)?.[1] ?? []).sort();
  return {
    list: async () => {
      const listed: ListedCertificate[] = [];
      for (const name of (await names()).slice(0, MAX_CERTIFICATES)) {
        const [chain, key] = await Promise.all([textOf(path(name, 'crt')), textOf(path(name, 'key'))]);
        listed.push({ name, verdict: readServerCertificate(chain, key, now()) });
      }
      return listed;
    },
    judge: async (name, { chain, key }) => {
      requireName(name);
      if (name.startsWith(ACME_PREFIX))
        throw refuseRequest(
          'ERR_CERTIFICATE_NAME',
          `names that begin with ${ACME_PREFIX} belong to ACME: use another`,
          {
            field: 'name',
          },
        );
      const known = await names();
      if (!known.includes(name) && known.length >= MAX_CERTIFICATES)
        throw refuseRequest('ERR_CERTIFICATE_TOO_MANY', `at most ${MAX_CERTIFICATES} certificates: remove one first`, {
          max: MAX_CERTIFICATES,
        });
      const verdict = readServerCertificate(chain, key, now());
      if (verdict.status === 'usable') return verdict.certificate;
      const { reason, detail, remedy } = verdict.fault;
      throw refuseRequest('ERR_CERTIFICATE_REFUSED', `${detail}: ${remedy}`, { name, reason, remedy });
    },
    write: async (name, { chain, key }) => {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      await writeSecretFile(path(name, 'key'), key);
      await writeSecretFile(path(name, 'crt'), chain);
    },
    require: async (name) => {
      requireName(name);
      if (await isThere(path(name, 'crt'))) return;
      if (await isThere(path(name, 'key'))) return;
      throw refuseRequest('ERR_CERTIFICATE_ABSENT', `certificate ${JSON.stringify(name)} does not exist`, { name });
    },
    remove: async (name) => {
      await rm(path(name, 'crt'), { force: true });
      await rm(path(name, 'key'), { force: true });
    },
  };
}

function requireName(name: string): void {
  if (NAME.test(name)) return;
  throw refuseRequest(
    'ERR_CERTIFICATE_NAME',
    `certificate name ${JSON.stringify(name.slice(0, 64))}: expected 1 to 64 characters of a-z 0-9 _ -`,
    { field: 'name' },
  );
}

async function filesOf(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

/** Empty when the file is absent, which reads as unreadable. */
async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isAbsent(error)) return '';
    throw error;
  }
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (isAbsent(error)) return false;
    throw error;
  }
}

function isAbsent(error: unknown): boolean {
  return !isSallyportError(error) && error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
