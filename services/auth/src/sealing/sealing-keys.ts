import { createHash, randomBytes } from 'node:crypto';
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { dirname } from 'node:path';
import { z } from 'zod';
import { fileError } from '../errors.ts';
import { isCode, linkWhole, writeTemporary } from '../whole-file.ts';

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

/** How often the file is looked at again because another process changed it meanwhile; then ERR_AUTH_FILE. */
const MAX_LOOKS = 10;

/**
 * Reads the key file (JSON, RFC 7517), makes it when it is not there (mode 0600), and puts a new key in front when the
 * newest is older than `rotateAfterDays`. Processes that do so at once come to the same keys. Error ERR_AUTH_FILE when it is there and
 * unreadable: making new keys silently would sign everybody out and hide the damage.
 */
export function loadSealingKeys(path: string, rotateAfterDays: number, now: Date): SealingKeys {
  for (let looks = 0; looks < MAX_LOOKS; looks += 1) {
    const known = readKeys(path);
    const newest = known[0];
    if (newest !== undefined && now.getTime() - Date.parse(newest.createdAt) < rotateAfterDays * DAY_MS)
      return [newest, ...known.slice(1)];
    const keys = putInFront(path, known, now);
    if (keys !== undefined) return keys;
  }
  throw fileError(path, 'sealing key file', new Error(`it changed during each of ${MAX_LOOKS} looks at it`));
}

/**
 * The first to make the file of what follows the newest key says what that is; whoever comes later, also after a crash of the first, puts
 * the same in place. undefined: somebody has done so meanwhile, look again.
 */
function putInFront(path: string, known: readonly SealingKey[], now: Date): SealingKeys | undefined {
  const before = known[0]?.kid ?? '';
  const next = `${path}.after-${createHash('sha256').update(before).digest('hex').slice(0, 16)}`;
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    linkWhole(next, JSON.stringify({ keys: [newKey(now), ...known.slice(0, MAX_KEYS - 1)] }));
    // Not before: a file of what follows that is made later than this follows another key.
    const [first, ...others] = (readKeys(path)[0]?.kid ?? '') === before ? readKeys(next) : [];
    if (first !== undefined) replaceWhole(path, { keys: [first, ...others] });
    rmSync(next, { force: true });
    return first === undefined ? undefined : [first, ...others];
  } catch (cause) {
    throw fileError(path, 'sealing key file', cause);
  }
}

function replaceWhole(path: string, content: unknown): void {
  renameSync(writeTemporary(path, JSON.stringify(content)), path);
  const directory = openSync(dirname(path), 'r');
  fsyncSync(directory);
  closeSync(directory);
}

function readKeys(path: string): readonly SealingKey[] {
  try {
    return keyFile.parse(JSON.parse(readFileSync(path, 'utf8'))).keys;
  } catch (cause) {
    if (isCode(cause, 'ENOENT')) return [];
    throw fileError(path, 'sealing key file', cause);
  }
}

function newKey(now: Date): SealingKey {
  const createdAt = now.toISOString();
  const kid = `${createdAt.slice(0, 10)}-${randomBytes(4).toString('hex')}`;
  return { kty: 'oct', kid, alg: 'A256GCM', use: 'enc', k: randomBytes(KEY_BYTES).toString('base64url'), createdAt };
}
