import { howItEnded, runCommand } from '../../bootstrap/run-command.mjs';
import { askMeanwhile, checkHardlySlower } from '../good-client.mjs';
import { privateHosts } from '../private-hosts.mjs';
import { Checks } from '../suite.mjs';
import { debianVersion, requireProgram } from '../tools.mjs';

const SECONDS = 20;
const TIMEOUT_MS = 60_000;
const QUIET_MS = 5_000;
/** Slow reading bites only on answers larger than the buffers of the sockets. */
const BIG_BYTES = 20_000_000;
const CONNECTIONS = 400;

/** @type {readonly (readonly [string, string, readonly string[]])[]} */
const MODES = [
  ['slow headers', 'small', ['-H']],
  ['slow body', '', ['-B']],
  ['slow read', `big?n=${BIG_BYTES}`, ['-X', '-w', '10', '-y', '20', '-n', '1', '-z', '32', '-k', '1']],
  ['ranges', 'small', ['-R']],
];

/** @type {import('../suite.mjs').Suite} */
export const slowhttptest = {
  name: 'slowhttptest',
  judges: `${CONNECTIONS} slow clients in 4 modes: service available, and a good client hardly slower`,
  limitMs: 300_000,
  run: async (context) => {
    const { env, passthrough } = context;
    const program = await requireProgram('slowhttptest', ['slowhttptest'], { env });
    const [before = '', ...rest] = await privateHosts(context, [passthrough.host]);
    const checks = new Checks();
    const quiet = await askMeanwhile(passthrough, QUIET_MS);
    checks.notes.push(`good client alone: p50 ${quiet.p50Ms.toFixed(1)} ms, p99 ${quiet.p99Ms.toFixed(1)} ms`);
    for (const [mode, path, how] of MODES) {
      const rate = ['-c', String(CONNECTIONS), '-i', '5', '-r', '200', '-l', String(SECONDS), '-x', '24', '-p', '3'];
      const args = [...rest, program, ...how, ...rate, '-u', `${passthrough.url}${path}`];
      const running = runCommand(before, args, { timeoutMs: TIMEOUT_MS });
      const seen = await askMeanwhile(passthrough, running);
      const run = await running;
      // biome-ignore lint/suspicious/noControlCharactersInRegex: the tool colors what it prints
      const text = run.stdout.replace(/\x1b\[[0-9;]*m/g, '');
      const lines = [...text.matchAll(/service available:\s+(YES|NO)/g)].map((match) => match[1]);
      if (lines.length === 0) checks.fail(`${mode}: it printed no verdict, ${howItEnded(run, TIMEOUT_MS)}`);
      const refused = lines.filter((line) => line === 'NO').length;
      checks.check(
        lines.length > 0 && refused === 0,
        `${mode}: service available NO ${refused} of ${lines.length} times`,
      );
      checkHardlySlower(checks, mode, { quiet, seen });
      checks.notes.push(
        `${mode}: available ${lines.length - refused} of ${lines.length}; good client p99 ${seen.p99Ms.toFixed(1)} ms, max ${seen.maxMs.toFixed(0)} ms, ${seen.asked} requests`,
      );
    }
    return checks.outcome(await debianVersion('slowhttptest'));
  },
};
