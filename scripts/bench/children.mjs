import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { listProcesses, readStat } from '../bootstrap/proc.mjs';
import { nameProcesses } from './processes.mjs';

/** Between SIGTERM and SIGKILL. */
const STOP_LIMIT_MS = 5_000;
const TAIL_LINES = 12;

/**
 * @typedef {object} Child
 * @property {string} name
 * @property {number} pid
 * @property {() => boolean} isRunning
 * @property {() => string} lastWords
 * @property {(text: string) => void} write to its stdin
 * @property {(pattern: RegExp, timeoutMs: number) => Promise<string>} untilLine first line of stdout that matches
 * @property {() => Promise<void>} stop SIGTERM, then SIGKILL for it and all below it
 */

/**
 * Every process the bench starts, so that none outlives it: stopped in reverse order, and killed when this process ends
 * before it could do so.
 */
export class Children {
  /** @type {Child[]} */
  #children = [];

  constructor() {
    process.once('exit', () => {
      for (const { pid, isRunning } of this.#children) if (isRunning()) killTree(pid);
    });
  }

  /**
   * @param {string} name
   * @param {string} file
   * @param {readonly string[]} args
   * @param {{ uid?: number | undefined, gid?: number | undefined, cwd?: string, env?: NodeJS.ProcessEnv, stopLimitMs?: number }} [options]
   * @returns {Child}
   */
  start(name, file, args, { stopLimitMs = STOP_LIMIT_MS, ...options } = {}) {
    // A group of its own: Ctrl-C reaches the bench alone, which then stops the others in order.
    const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'pipe'], detached: true, ...options });
    /** @type {string[]} */
    const tail = [];
    /** @type {Set<(line: string) => void>} */
    const listeners = new Set();
    let isOver = false;
    const over = new Promise((resolve) => {
      child.once('exit', resolve);
      child.once('error', (error) => {
        tail.push(error.message);
        resolve(undefined);
      });
    }).then(() => {
      isOver = true;
    });
    child.stdin.on('error', () => undefined);
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        tail.push(line);
        if (tail.length > TAIL_LINES) tail.shift();
        if (stream === child.stdout) for (const listener of listeners) listener(line);
      });
    }
    const pid = child.pid ?? 0;
    /** @type {Child} */
    const started = {
      name,
      pid,
      isRunning: () => !isOver && pid > 0,
      lastWords: () => tail.join('\n    ') || 'it said nothing',
      write: (text) => child.stdin.write(text),
      untilLine: (pattern, timeoutMs) =>
        new Promise((resolve, reject) => {
          const fail = (/** @type {string} */ what) => {
            clearTimeout(timer);
            listeners.delete(listen);
            reject(new Error(`${name} ${what}: ${started.lastWords()}`));
          };
          const timer = setTimeout(() => fail(`was not ready within ${timeoutMs} ms`), timeoutMs);
          const listen = (/** @type {string} */ line) => {
            if (!pattern.test(line)) return;
            clearTimeout(timer);
            listeners.delete(listen);
            resolve(line);
          };
          listeners.add(listen);
          void over.then(() => fail('ended'));
        }),
      stop: async () => {
        if (isOver || pid === 0) return;
        const below = pidsBelow(pid);
        child.kill('SIGTERM');
        const timer = setTimeout(() => killTree(pid), stopLimitMs);
        await over;
        clearTimeout(timer);
        // What it should have ended and did not; the start time tells it from a newcomer with the same id.
        for (const process of below) if (readStat(process.pid)?.startTicks === process.startTicks) kill(process.pid);
      },
    };
    this.#children.push(started);
    return started;
  }

  /** Stops what still runs, the last started first. */
  async stopAll() {
    for (const child of [...this.#children].reverse()) await child.stop();
  }
}

/** @param {number} pid */
function pidsBelow(pid) {
  const processes = listProcesses();
  const names = nameProcesses({ root: pid }, processes);
  return processes.filter((process) => process.pid !== pid && names.has(process.pid));
}

/** @param {number} pid */
function killTree(pid) {
  const below = pidsBelow(pid);
  kill(pid);
  for (const process of below) kill(process.pid);
}

/** @param {number} pid */
function kill(pid) {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // Gone already, which is what was wanted.
  }
}
