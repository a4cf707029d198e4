import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '../../bootstrap/run-command.mjs';
import { startApache } from '../apache.mjs';
import { privateHosts } from '../private-hosts.mjs';
import { Checks } from '../suite.mjs';
import { debianVersion, requireProgram } from '../tools.mjs';

const TIMEOUT_MS = 60_000;

/** @type {import('../suite.mjs').Suite} */
export const litmus = {
  name: 'litmus',
  judges: "WebDAV of Debian's Apache under a foreign host name: PROPFIND, COPY, MOVE, LOCK",
  limitMs: 180_000,
  run: async (context) => {
    const program = await requireProgram('litmus', ['litmus'], { env: context.env });
    const apache = await startApache(context, 'webdav');
    try {
      const front = await context.publish('webdav', apache.url);
      const direct = await runLitmus(context, [program], apache.url);
      const through = await runLitmus(context, [...(await privateHosts(context, [front.host])), program], front.url);
      const checks = new Checks();
      for (const [test, { verdict, text }] of through) {
        if (verdict === 'pass') checks.passed += 1;
        else if (verdict === 'FAIL') checks.fail(`${test}: ${text}, direct ${direct.get(test)?.verdict ?? 'absent'}`);
        else checks.notes.push(`${test}: ${verdict} ${text}`);
      }
      const passedDirect = [...direct.values()].filter(({ verdict }) => verdict === 'pass').length;
      checks.check(checks.passed > 0, 'no test passed');
      checks.notes.push(`direct ${passedDirect} passed; Apache ${apache.version}`);
      return checks.outcome(await debianVersion('litmus'));
    } finally {
      await apache.stop();
    }
  },
};

/**
 * @param {{ folder: string }} context
 * @param {readonly string[]} command
 * @param {string} url
 * @returns {Promise<Map<string, { verdict: string, text: string }>>} by suite and test
 */
async function runLitmus({ folder }, [program = '', ...args], url) {
  // It leaves its logs where it runs.
  const cwd = join(folder, `litmus-${new URL(url).protocol.slice(0, -1)}`);
  mkdirSync(cwd);
  const run = await runCommand(program, [...args, '-k', url], { timeoutMs: TIMEOUT_MS, cwd });
  /** @type {Map<string, { verdict: string, text: string }>} */
  const results = new Map();
  let suite = '';
  // Behind each carriage return a line is printed again, with its verdict in the end.
  for (const line of run.stdout.split('\n')) {
    suite = /^-> running `(\w+)'/.exec(line)?.[1] ?? suite;
    const match = /^\s*(\d+\. \w+)\.* (pass|FAIL|SKIPPED|WARNING)(.*)$/.exec(line.split('\r').at(-1) ?? '');
    if (match !== null) results.set(`${suite} ${match[1]}`, { verdict: match[2] ?? '', text: (match[3] ?? '').trim() });
  }
  return results;
}
