import { randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { fileError } from '../errors.ts';

const KEY_BYTES = 32;
/** Keys kept; with the default of 30 days a key opens for 90 days, far beyond the longest session of 30 days. */
const MAX_KEYS = 4;
const DAY_MS = 86_400_000;

const sealingKey = z.object({
  kty: z.literal('oct'),
  kid: z.string().min(1).max(64),
  alg: z.literal('A256GCM'),
  use: z.literal('enc'),
  k: z.string().refine((k) => Buffer.from(k, 'base64url').length === KEY_BYTES, 'expected 256 bits'),
  createdAt: z.iso.datetime(),
});
export type SealingKey = z.infer<typeof sealingKey>;
/** Newest first: the first seals, all open. */
export type SealingKeys = readonly [SealingKey, ...SealingKey[]];
const keyFile = z.object({ keys: z.tuple([sealingKey], sealingKey) });

/**
 * Reads the key file (JSON, RFC 7517), makes it when it is not there (mode 0600), and puts a new key in front when the
 * newest is older than `rotateAfterDays`. Error ERR_AUTH_FILE when it is there and unreadable: making new keys silently
 * would sign everybody out and hide the damage.
 */
export function loadSealingKeys(path: string, rotateAfterDays: number, now: Date): SealingKeys {
  const known = readKeys(path);
  const newest = known[0];
  if (newest !== undefined && now.getTime() - Date.parse(newest.createdAt) < rotateAfterDays * DAY_MS) {
    return [newest, ...known.slice(1)];
  }
  const keys: SealingKeys = [newKey(now), ...known.slice(0, MAX_KEYS - 1)];
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    const temporary = `${path}.new`;
    writeFileSync(temporary, JSON.stringify({ keys }), { mode: 0o600 });
    renameSync(temporary, path);
  } catch (cause) {
    throw fileError(path, 'sealing key file', cause);
  }
  return keys;
}

function readKeys(path: string): readonly SealingKey[] {
  try {
    return keyFile.parse(JSON.parse(readFileSync(path, 'utf8'))).keys;
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return [];
    throw fileError(path, 'sealing key file', cause);
  }
}

function newKey(now: Date): SealingKey {
  const createdAt = now.toISOString();
  const kid = `${createdAt.slice(0, 10)}-${randomBytes(4).toString('hex')}`;
  return { kty: 'oct', kid, alg: 'A256GCM', use: 'enc', k: randomBytes(KEY_BYTES).toString('base64url'), createdAt };
}
