import { randomUUID } from 'node:crypto';
import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { BootstrapError, hasCode } from './failure.mjs';

const POLL_MS = 100;

/** A reaper that died half way is itself put aside after this long. */
const REAPER_STALE_MS = 10_000;

/**
 * Runs `work` while holding the lock file, so that two bootstraps started together do one piece of work once. A lock
 * whose owner is gone is taken over. At the bound (`maxWaitMs`) it gives up with an error that names the owner.
 * @template T
 * @param {string} path
 * @param {{ maxWaitMs: number, onWait?: (owner: string) => void }} options
 * @param {() => Promise<T>} work
 * @returns {Promise<T>}
 */
export async function withFileLock(path, { maxWaitMs, onWait = () => {} }, work) {
  mkdirSync(dirname(path), { recursive: true });
  const claim = `${process.pid} ${randomUUID()}`;
  const deadline = Date.now() + maxWaitMs;
  let announced = false;
  while (!tryCreate(path, claim)) {
    const owner = readOwner(path);
    if (owner !== undefined && !isAlive(owner)) {
      reap(path, owner);
      continue;
    }
    if (!announced && owner !== undefined) {
      announced = true;
      onWait(pidOf(owner));
    }
    if (Date.now() >= deadline) throw lockTimeout(path, owner, maxWaitMs);
    await wait(POLL_MS);
  }
  try {
    return await work();
  } finally {
    if (readOwner(path) === claim) rmSync(path, { force: true });
  }
}

/**
 * @param {string} path
 * @param {string} claim
 */
function tryCreate(path, claim) {
  try {
    writeFileSync(path, claim, { flag: 'wx' });
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  }
}

/**
 * @param {string} path
 * @returns {string | undefined} undefined when the lock is gone or its owner has not written its name yet
 */
function readOwner(path) {
  try {
    const text = readFileSync(path, 'utf8');
    return text === '' ? undefined : text;
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined;
    throw error;
  }
}

/**
 * Removes the lock of a process that is gone. A second file guards it: without that, two waiters could both find the
 * same dead owner and the slower one would remove the lock the faster one has just taken.
 * @param {string} path
 * @param {string} deadOwner
 */
function reap(path, deadOwner) {
  const guard = `${path}.reap`;
  if (!tryCreate(guard, String(process.pid))) {
    const ageMs = Date.now() - (statSync(guard, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    if (ageMs > REAPER_STALE_MS) rmSync(guard, { force: true });
    return;
  }
  try {
    if (readOwner(path) === deadOwner) rmSync(path, { force: true });
  } finally {
    rmSync(guard, { force: true });
  }
}

/** @param {string} owner */
function isAlive(owner) {
  const pid = Number.parseInt(pidOf(owner), 10);
  if (!Number.isInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return hasCode(error, 'EPERM');
  }
}

/** @param {string} owner */
function pidOf(owner) {
  return owner.split(' ')[0] ?? owner;
}

/**
 * @param {string} path
 * @param {string | undefined} owner
 * @param {number} maxWaitMs
 */
function lockTimeout(path, owner, maxWaitMs) {
  const who = owner === undefined ? 'an unnamed process' : `process ${pidOf(owner)}`;
  return new BootstrapError('ERR_BOOTSTRAP_LOCKED', `${who} has held ${path} for more than ${maxWaitMs} ms`, {
    mend: `rm ${path}`,
  });
}
