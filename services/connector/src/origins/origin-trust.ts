import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { createSecureContext, rootCertificates, type SecureContext } from 'node:tls';
import { LRUCache } from 'lru-cache';
import { type OriginTls, tlsKey } from './origin-target.ts';

/** Sets of authorities and own certificates kept ready. */
const MAX_CONTEXTS = 200;
/** How long a client certificate is used before its files are looked at again, milliseconds: a renewed pair needs no restart. */
export const CLIENT_CERTIFICATE_CHECK_MS = 5_000;
/** Characters of one file of a pair. */
const MAX_FILE_BYTES = 64 * 1024;

export type OriginTrustOptions = {
  /** Authorities of origins' certificates besides the system's, PEM. */
  readonly authorities: readonly string[];
  /** Folder of the pairs `<name>.crt`, `<name>.key`; undefined when there is none. */
  readonly secretsFolder: string | undefined;
  /** Milliseconds. Default `Date.now`. */
  readonly now?: () => number;
};

export type OriginTrust = {
  /** Throws an error with a code that means `origin-tls` when certificates cannot be used; its message says which. */
  contextFor(tls: OriginTls): SecureContext;
};

type Kept = { readonly context: SecureContext; readonly stamp: string; checkedAt: number };

/** Whom connections to origins trust and what they show. Reading some hundred roots takes milliseconds: done once a set. */
export function createOriginTrust(options: OriginTrustOptions): OriginTrust {
  const now = options.now ?? Date.now;
  const kept = new LRUCache<string, Kept>({ max: MAX_CONTEXTS });
  return {
    contextFor: (tls) => {
      const key = tlsKey(tls);
      const known = kept.get(key);
      const nowMs = now();
      if (known !== undefined && nowMs - known.checkedAt < CLIENT_CERTIFICATE_CHECK_MS) return known.context;
      const pair = tls.clientCertificate === null ? undefined : pairFiles(options.secretsFolder, tls.clientCertificate);
      const stamp = pair === undefined ? '' : `${stampOf(pair.certificate)} ${stampOf(pair.key)}`;
      if (known !== undefined && known.stamp === stamp) {
        known.checkedAt = nowMs;
        return known.context;
      }
      const context = createContext(tls, options.authorities, pair);
      kept.set(key, { context, stamp, checkedAt: nowMs });
      return context;
    },
  };
}

type PairFiles = { readonly certificate: string; readonly key: string };

function pairFiles(folder: string | undefined, name: string): PairFiles {
  if (folder === undefined) throw unusable(`client certificate ${name}: this connector has no secrets folder`);
  return { certificate: join(folder, `${name}.crt`), key: join(folder, `${name}.key`) };
}

function stampOf(file: string): string {
  try {
    const { mtimeMs, size, mode } = statSync(file);
    if (file.endsWith('.key') && (mode & 0o077) !== 0)
      throw unusable(`${file} is open to other users; run: chmod 600 ${file}`);
    if (size > MAX_FILE_BYTES) throw unusable(`${file} is larger than ${MAX_FILE_BYTES} bytes`);
    return `${mtimeMs} ${size}`;
  } catch (cause) {
    if (isUnusable(cause)) throw cause;
    throw unusable(`client certificate file ${file} cannot be read`, cause);
  }
}

function createContext(tls: OriginTls, authorities: readonly string[], pair: PairFiles | undefined): SecureContext {
  const ca = tls.authority === null ? [...rootCertificates, ...authorities] : [tls.authority];
  const isOwn = tls.authority !== null || authorities.length > 0;
  try {
    return createSecureContext({
      ...(isOwn ? { ca } : {}),
      ...(pair ? { cert: readFileSync(pair.certificate), key: readFileSync(pair.key) } : {}),
    });
  } catch (cause) {
    const what = pair === undefined ? 'certificate authority of the app' : `client certificate ${pair.certificate}`;
    throw unusable(`${what} cannot be used: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }
}

const UNUSABLE = 'ERR_TLS_ORIGIN_SETTINGS';

function unusable(text: string, cause?: unknown): Error {
  return Object.assign(new Error(text, { cause }), { code: UNUSABLE });
}

function isUnusable(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === UNUSABLE;
}
