import { arch, cpus, loadavg, release, totalmem } from 'node:os';
import { readOsRelease } from '../bootstrap/project.mjs';
import { runCommand } from '../bootstrap/run-command.mjs';

const GIT_TIMEOUT_MS = 10_000;

/**
 * Called before anything is started.
 * @returns {Record<string, string | number>} the class of machine, nothing that names this one, and how busy others keep it
 */
export function describeMachine() {
  const { name } = readOsRelease();
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: cpus().length,
    memoryMib: Math.round(totalmem() / 1024 ** 2),
    architecture: arch(),
    os: name === '' ? process.platform : name,
    kernel: release(),
    node: process.versions.node,
    loadAverageBefore: Math.round((loadavg()[0] ?? 0) * 100) / 100,
  };
}

/**
 * @param {string} root
 * @returns {Promise<string>} hash of the commit, with `+changes` when tracked files differ from it
 */
export async function readCommit(root) {
  const options = { timeoutMs: GIT_TIMEOUT_MS, cwd: root };
  const head = await runCommand('git', ['rev-parse', 'HEAD'], options).catch(() => undefined);
  if (head?.code !== 0) return 'unknown';
  const status = await runCommand('git', ['status', '--porcelain', '--untracked-files=no'], options);
  return `${head.stdout.trim()}${status.stdout.trim() === '' ? '' : '+changes'}`;
}
