import { join } from 'node:path';
import { reasonOf } from '../bootstrap/failure.mjs';
import { howItEnded, runCommand } from '../bootstrap/run-command.mjs';

export const CHECK_TIMEOUT_MS = 5 * 60_000;

/** How many checks run at once: each keeps about one processor busy. */
const MAX_PARALLEL_CHECKS = 2;

const FOLDERS = ['libs', 'services', 'broker', 'scripts', 'spec'];

/**
 * @typedef {object} Check
 * @property {string} name
 * @property {readonly string[]} args of node
 */

/**
 * @param {string} root
 * @returns {Check[]}
 */
export function listChecks(root) {
  const program = (/** @type {string[]} */ ...path) => join(root, 'node_modules', ...path);
  const colors = process.stdout.isTTY ? 'force' : 'off';
  const tsc = program('typescript', 'bin', 'tsc');
  const source = ['--import=tsx', '--conditions=sallyport-source', '--no-warnings'];
  return [
    { name: 'types', args: [tsc, '-p', 'tsconfig.json', '--noEmit', '--pretty', 'false'] },
    { name: 'types of scripts', args: [tsc, '-p', 'scripts', '--pretty', 'false'] },
    { name: 'format', args: [program('@biomejs', 'biome', 'bin', 'biome'), 'ci', `--colors=${colors}`, '.'] },
    { name: 'lint', args: [program('oxlint', 'bin', 'oxlint'), '--type-aware', '--deny-warnings', ...FOLDERS] },
    { name: 'boundaries', args: [...source, join('scripts', 'check-boundaries.ts')] },
    { name: 'subjects', args: [...source, join('scripts', 'check-subjects.ts')] },
    { name: 'reference', args: [...source, join('scripts', 'generate-reference.ts'), '--check'] },
  ];
}

/**
 * Runs every check, also after one has failed, and shows the words of those that failed.
 * @param {{ root: string, env: NodeJS.ProcessEnv, checks: readonly Check[], write: (text: string) => void }} options
 * @returns {Promise<import('./summary.mjs').StepResult[]>} in the order of the list
 */
export async function runChecks({ root, env, checks, write }) {
  /** @type {Map<Check, import('./summary.mjs').StepResult>} */
  const results = new Map();
  const waiting = [...checks];
  const worker = async () => {
    for (let check = waiting.shift(); check !== undefined; check = waiting.shift()) {
      const { result, output } = await runCheck(check, { root, env });
      results.set(check, result);
      write(`${result.failed > 0 ? 'FAIL' : 'ok  '}  ${check.name}\n${output}`);
    }
  };
  await Promise.all(Array.from({ length: MAX_PARALLEL_CHECKS }, worker));
  return checks.flatMap((check) => results.get(check) ?? []);
}

/**
 * @param {Check} check
 * @param {{ root: string, env: NodeJS.ProcessEnv }} options
 */
async function runCheck({ name, args }, { root, env }) {
  const startedAt = Date.now();
  const command = { cwd: root, env, timeoutMs: CHECK_TIMEOUT_MS };
  const ended = await runCommand(process.execPath, args, command).catch((error) => error);
  const durationMs = Date.now() - startedAt;
  if (!(ended instanceof Error) && ended.code === 0 && !ended.timedOut) {
    return { result: { name, passed: 1, failed: 0, skipped: 0, durationMs }, output: '' };
  }
  const output =
    ended instanceof Error
      ? reasonOf(ended)
      : `${ended.stdout}${ended.stderr}\n${name} ${howItEnded(ended, CHECK_TIMEOUT_MS)}`;
  return { result: { name, passed: 0, failed: 1, skipped: 0, durationMs }, output: `${output.trim()}\n` };
}
