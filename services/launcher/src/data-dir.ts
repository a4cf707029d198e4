import { randomUUID } from 'node:crypto';
import { chmod, link, mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { SallyportError } from '#libs/errors';
import { startTicksOf } from './process-identity.ts';

/** Version of the layout below the data directory; a newer one is refused. */
const LAYOUT_VERSION = 1;
const MARKER = 'sallyport.json';
const LOCK = 'launcher.lock';

export type DataDir = {
  readonly path: string;
  readonly isNew: boolean;
  /** Lets the next start have it. Safe to call twice. */
  release(): Promise<void>;
};

/**
 * Opens or creates a data directory and locks it for this process.
 * Errors: ERR_DATA_DIR_UNREADABLE, ERR_DATA_DIR_FOREIGN (not empty and not ours), ERR_DATA_DIR_CORRUPT, ERR_DATA_DIR_NEWER,
 * ERR_DATA_DIR_LOCKED (another launcher runs on it). Nothing is changed by a refusal.
 */
export async function openDataDir(given: string, isAlive: (pid: number) => boolean, pid: number): Promise<DataDir> {
  const path = resolve(given);
  const names = await listOrCreate(path);
  const isNew = !names.includes(MARKER);
  if (isNew && names.some((name) => !name.startsWith(LOCK))) {
    throw refuse(
      'ERR_DATA_DIR_FOREIGN',
      path,
      `is not empty and holds no ${MARKER}: name an empty directory or another --data-dir`,
    );
  }
  if (!isNew) await requireMarker(path);
  await lock(path, isAlive, pid);
  if (isNew) await writeAtomically(join(path, MARKER), `${JSON.stringify({ layout: LAYOUT_VERSION })}\n`);
  return { path, isNew, release: () => rm(join(path, LOCK), { force: true }) };
}

async function listOrCreate(path: string): Promise<readonly string[]> {
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    await chmod(path, 0o700);
    return await readdir(path);
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown';
    throw refuse(
      'ERR_DATA_DIR_UNREADABLE',
      path,
      `cannot be created or read (${reason}): check its owner and mode, or name another --data-dir`,
      cause,
    );
  }
}

async function requireMarker(path: string): Promise<void> {
  let layout: unknown;
  try {
    layout = (JSON.parse(await readFile(join(path, MARKER), 'utf8')) as { layout?: unknown }).layout;
  } catch (cause) {
    throw refuse(
      'ERR_DATA_DIR_CORRUPT',
      path,
      `has an unreadable ${MARKER}: restore it from a backup, or start on another --data-dir`,
      cause,
    );
  }
  if (layout === LAYOUT_VERSION) return;
  if (typeof layout === 'number' && layout > LAYOUT_VERSION) {
    throw refuse(
      'ERR_DATA_DIR_NEWER',
      path,
      `was written by a newer Sallyport (layout ${layout}, this one reads ${LAYOUT_VERSION}): upgrade, or name another --data-dir`,
    );
  }
  throw refuse(
    'ERR_DATA_DIR_CORRUPT',
    path,
    `has no layout number in ${MARKER}: restore it from a backup, or start on another --data-dir`,
  );
}

/** The lock names its holder by process id and start time: a recycled id, as after a reboot, holds nothing. */
async function lock(path: string, isAlive: (pid: number) => boolean, pid: number): Promise<void> {
  const file = join(path, LOCK);
  for (let attempt = 0; attempt < 2; attempt += 1) {
    if (await tryLock(path, file, `${pid} ${(await startTicksOf(pid)) ?? ''}`)) return;
    const [holder = '', startTicks = ''] = (await readFile(file, 'utf8').catch(() => '')).split(' ');
    if (await isHeld(Number(holder), startTicks, isAlive)) {
      throw refuse(
        'ERR_DATA_DIR_LOCKED',
        path,
        `is in use by process ${holder}: stop that one, or name another --data-dir`,
      );
    }
    await rm(file, { force: true });
  }
  throw refuse('ERR_DATA_DIR_LOCKED', path, 'is being taken by another start: try again');
}

/** Linked into place, so that nobody ever reads a lock without its holder. */
async function tryLock(path: string, file: string, holder: string): Promise<boolean> {
  const draft = `${file}.${randomUUID()}`;
  try {
    await writeFile(draft, holder, { mode: 0o600 });
    await link(draft, file);
    return true;
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'EEXIST') return false;
    throw refuse('ERR_DATA_DIR_UNREADABLE', path, 'cannot be written: check its owner, mode and free space', cause);
  } finally {
    await rm(draft, { force: true });
  }
}

async function isHeld(pid: number, startTicks: string, isAlive: (pid: number) => boolean): Promise<boolean> {
  if (!Number.isInteger(pid) || pid <= 0 || !isAlive(pid)) return false;
  const current = await startTicksOf(pid);
  return startTicks === '' || current === null || current === startTicks;
}

/** Write, then rename: a reader sees the old file or the new one. */
export async function writeAtomically(file: string, text: string): Promise<void> {
  const draft = `${file}.${randomUUID()}`;
  await writeFile(draft, text, { mode: 0o600 });
  await rename(draft, file);
}

function refuse(code: string, path: string, problem: string, cause?: unknown): SallyportError {
  return new SallyportError(code, `data directory ${path} ${problem}`, { expose: true, cause, details: { path } });
}
