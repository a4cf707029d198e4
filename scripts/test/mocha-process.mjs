import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { setTimeout as wait } from 'node:timers/promises';
import { listLeftovers, RUN_VARIABLE } from './leftovers.mjs';
import { readCpuMs, whyAlive } from './why-alive.mjs';

const POLL_MS = 50;

/** How long an ended mocha may take to be gone, and its last words to arrive. */
const ENDED_GRACE_MS = 1_000;

/**
 * @typedef {object} MochaRun
 * @property {string} root
 * @property {readonly string[]} args of node
 * @property {NodeJS.ProcessEnv} env
 * @property {(text: string) => void} write
 * @property {() => boolean} isDone whether the last spec has ended
 * @property {() => readonly string[]} listOpen what keeps its event loop alive, as far as it has said
 * @property {number} timeoutMs for all specs together
 * @property {number} exitGraceMs for mocha to exit after its last spec, and again for what the specs started
 */

/**
 * Runs mocha in a process group of its own, so that what the specs leave behind can be ended, and over pipes, so that
 * a process left behind does not hold the stdout of whoever waits for this run.
 * @param {MochaRun} run
 * @returns {Promise<string[]>} what went wrong; a failing spec counts only as mocha's exit code
 */
export async function runMocha(run) {
  const runId = randomUUID();
  const child = spawn(process.execPath, run.args, {
    cwd: run.root,
    env: { ...run.env, [RUN_VARIABLE]: runId },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  await once(child, 'spawn');
  const groupId = /** @type {number} */ (child.pid);
  const endGroup = () => sendSignal(-groupId, 'SIGKILL');
  process.once('exit', endGroup);
  child.stdout?.setEncoding('utf8').on('data', run.write);
  child.stderr?.setEncoding('utf8').on('data', run.write);
  const closed = once(child, 'close');
  const problems = await watch(child, run);
  const hasExited = child.exitCode !== null || child.signalCode !== null;
  if (!hasExited) endGroup();
  const leftovers = await endLeftovers({ groupId, runId }, hasExited ? run.exitGraceMs : ENDED_GRACE_MS);
  await Promise.race([closed, wait(ENDED_GRACE_MS, undefined, { ref: false })]);
  process.removeListener('exit', endGroup);
  child.stdout?.destroy();
  child.stderr?.destroy();
  return leftovers === undefined ? problems : [...problems, leftovers];
}

/**
 * Waits until mocha has exited or a bound is reached.
 * @param {import('node:child_process').ChildProcess} child
 * @param {MochaRun} run
 * @returns {Promise<string[]>}
 */
async function watch(child, { isDone, listOpen, timeoutMs, exitGraceMs }) {
  const pid = /** @type {number} */ (child.pid);
  const deadline = Date.now() + timeoutMs;
  /** @type {number | undefined} */
  let doneAt;
  let cpuMsWhenDone = 0;
  while (child.exitCode === null && child.signalCode === null) {
    await wait(POLL_MS);
    if (doneAt === undefined && isDone()) {
      doneAt = Date.now();
      cpuMsWhenDone = readCpuMs(pid) ?? 0;
    }
    if (Date.now() > deadline) return [`not done within ${timeoutMs} ms`];
    if (doneAt !== undefined && Date.now() > doneAt + exitGraceMs) {
      const cpuMs = readCpuMs(pid);
      const why = whyAlive({
        cpuMs: cpuMs === undefined ? undefined : cpuMs - cpuMsWhenDone,
        elapsedMs: Date.now() - doneAt,
        open: listOpen(),
      });
      return [`mocha did not exit within ${exitGraceMs} ms of its last spec: ${why}`];
    }
  }
  if (child.signalCode !== null) return [`mocha was ended by ${child.signalCode}`];
  return child.exitCode === 0 ? [] : [`mocha exited with ${child.exitCode}`];
}

/**
 * Waits for what the specs started to end, then ends the rest.
 * @param {{ groupId: number, runId: string }} run
 * @param {number} graceMs
 * @returns {Promise<string | undefined>} what had to be ended
 */
async function endLeftovers(run, graceMs) {
  const deadline = Date.now() + graceMs;
  let leftovers = listLeftovers(run);
  while (leftovers.length > 0 && Date.now() <= deadline) {
    await wait(POLL_MS);
    leftovers = listLeftovers(run);
  }
  if (leftovers.length === 0) return undefined;
  for (const { pid } of leftovers) sendSignal(pid, 'SIGKILL');
  return `specs left processes running: ${leftovers.map(({ name, pid }) => `${name} (${pid})`).join(' ')}`;
}

/**
 * @param {number} target a process, or a process group when negative
 * @param {NodeJS.Signals} signal
 */
function sendSignal(target, signal) {
  try {
    process.kill(target, signal);
  } catch {
    // ESRCH: it has ended meanwhile, which is what was wanted.
  }
}
