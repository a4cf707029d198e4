import { spawn } from 'node:child_process';

/** What a command may leave in memory, per stream; the oldest output is dropped beyond it. */
export const MAX_OUTPUT_BYTES = 256 * 1024;

/** How long a command that ignored SIGTERM may take before SIGKILL. */
export const KILL_GRACE_MS = 2_000;

/**
 * @typedef {object} CommandResult
 * @property {number | null} code exit code, null when a signal ended it
 * @property {NodeJS.Signals | null} signal
 * @property {boolean} timedOut
 * @property {string} stdout the last 256 KiB
 * @property {string} stderr the last 256 KiB
 */

/**
 * Runs a program without a shell and without stdin, for at most `timeoutMs`. Rejects only when it cannot be started
 * (code ENOENT, EACCES); a failing exit code is a result.
 * @param {string} file
 * @param {readonly string[]} args
 * @param {{ timeoutMs: number, cwd?: string, env?: NodeJS.ProcessEnv }} options
 * @returns {Promise<CommandResult>}
 */
export function runCommand(file, args, { timeoutMs, cwd, env }) {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
    const stdout = keepTail(child.stdout);
    const stderr = keepTail(child.stderr);
    // Commands end with this process, also when a signal cuts the bootstrap short.
    const endWithUs = () => child.kill('SIGTERM');
    process.once('exit', endWithUs);
    let timedOut = false;
    /** @type {NodeJS.Timeout | undefined} */
    let killTimer;
    const timer = setTimeout(() => {
      timedOut = true;
      child.kill('SIGTERM');
      // A grandchild may hold the pipes open after the child is gone; closing them lets this wait end.
      killTimer = setTimeout(() => {
        child.kill('SIGKILL');
        child.stdout.destroy();
        child.stderr.destroy();
      }, KILL_GRACE_MS);
    }, timeoutMs);
    const settle = () => {
      clearTimeout(timer);
      clearTimeout(killTimer);
      process.removeListener('exit', endWithUs);
    };
    child.once('error', (error) => {
      settle();
      reject(error);
    });
    child.once('close', (code, signal) => {
      settle();
      resolve({ code, signal, timedOut, stdout: stdout(), stderr: stderr() });
    });
  });
}

/**
 * Like runCommand, but anything other than exit code 0 is an error whose message ends with the command's last words.
 * @param {string} file
 * @param {readonly string[]} args
 * @param {{ timeoutMs: number, cwd?: string, env?: NodeJS.ProcessEnv }} options
 * @returns {Promise<CommandResult>}
 */
export async function requireCommand(file, args, options) {
  const result = await runCommand(file, args, options);
  if (result.code === 0 && !result.timedOut) return result;
  throw new Error(`${file} ${args.join(' ')} ${howItEnded(result, options.timeoutMs)}: ${lastWords(result)}`);
}

/**
 * @param {CommandResult} result
 * @param {number} timeoutMs
 * @returns {string}
 */
export function howItEnded({ code, signal, timedOut }, timeoutMs) {
  if (timedOut) return `did not end within ${timeoutMs} ms`;
  return signal === null ? `exited with ${code}` : `was ended by ${signal}`;
}

/**
 * @param {{ stdout: string, stderr: string }} result
 * @param {number} [maxLines]
 * @returns {string} the last lines of stderr, or of stdout when stderr is empty
 */
export function lastWords({ stdout, stderr }, maxLines = 6) {
  const text = stderr.trim() === '' ? stdout : stderr;
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  return lines.length === 0 ? 'it said nothing' : lines.slice(-maxLines).join('\n    ');
}

/**
 * @param {import('node:stream').Readable} stream
 * @returns {() => string}
 */
function keepTail(stream) {
  let text = '';
  stream.setEncoding('utf8');
  stream.on('data', (chunk) => {
    text = (text + chunk).slice(-MAX_OUTPUT_BYTES);
  });
  return () => text;
}
