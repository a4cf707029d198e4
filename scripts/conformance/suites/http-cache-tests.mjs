import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../bench/free-port.mjs';
import { howItEnded, lastWords, runCommand } from '../../bootstrap/run-command.mjs';
import { Checks } from '../suite.mjs';
import { requireNpmPackage } from '../tools.mjs';

const PACKAGE = { name: 'http-cache-tests', version: '0.4.5' };
const RUN_LIMIT_MS = 180_000;
const START_LIMIT_MS = 10_000;
const PRELOAD = fileURLToPath(new URL('../loopback.cjs', import.meta.url));

/**
 * Tests whose answer may differ through a proxy, by id, with the reason: the origin cuts the connection or lies about
 * the length, where a proxy owes 502 or a cut and never a complete answer.
 * @type {ReadonlyMap<RegExp, string>}
 */
const EXPLAINED = new Map([
  [
    /^stale-(close|sie-close$|sie-503$|warning-)/,
    'the origin closes the connection without an answer: 502 through the tunnel, a broken connection direct',
  ],
  [
    /^(headers-store|304-etag-update-response)-Content-Length$/,
    'the origin sends more bytes than its Content-Length says: through the tunnel the message ends where it says and the rest is dropped with the connection (RFC 9112, 6.3); direct, the client of the suite breaks over the rest',
  ],
  [
    /^headers-store-Transfer-Encoding$/,
    'the origin names a transfer coding that does not exist: 502 through the tunnel (RFC 9112, 6.1)',
  ],
]);

/** @typedef {Record<string, true | [string, string]>} Results true, or the kind of failure and what it said */

/** @type {import('../suite.mjs').Suite} */
export const httpCacheTests = {
  name: 'http-cache-tests',
  judges: 'transparency: 350 exchanges give the same answers direct and through the tunnel, none from a cache',
  limitMs: 420_000,
  run: async ({ children, env, folder, publish }) => {
    const installed = await requireNpmPackage(PACKAGE);
    const port = await freePort();
    const nodeArgs = ['--no-warnings', '--require', PRELOAD];
    const serverEnv = {
      ...env,
      npm_package_config_protocol: 'http',
      npm_package_config_port: String(port),
      npm_package_config_pidfile: join(folder, 'http-cache-tests.pid'),
    };
    const server = children.start('http-cache-tests', process.execPath, [...nodeArgs, 'server/server.mjs'], {
      cwd: installed,
      env: serverEnv,
    });
    await server.untilLine(/Listening/, START_LIMIT_MS);
    const front = await publish('http-cache-tests', `http://127.0.0.1:${port}/`);
    /**
     * @param {string} base
     * @returns {Promise<Results>}
     */
    const run = async (base) => {
      const runEnv = {
        ...env,
        npm_config_base: base,
        npm_config_id: '',
        npm_package_config_id: '',
        NODE_EXTRA_CA_CERTS: front.caFile,
      };
      const args = [...nodeArgs, 'cli.mjs'];
      const ran = await runCommand(process.execPath, args, { timeoutMs: RUN_LIMIT_MS, cwd: installed, env: runEnv });
      if (ran.code !== 0) throw new Error(`cli.mjs ${howItEnded(ran, RUN_LIMIT_MS)}: ${lastWords(ran)}`);
      return JSON.parse(ran.stdout.slice(ran.stdout.indexOf('{')));
    };
    try {
      const direct = await run(`http://127.0.0.1:${port}`);
      const through = await run(front.url.replace(/\/$/, ''));
      return compare(direct, through);
    } finally {
      await server.stop();
    }
  },
};

/**
 * @param {Results} direct
 * @param {Results} through
 */
function compare(direct, through) {
  const checks = new Checks();
  let explained = 0;
  /** @type {Map<string, string[]>} */
  const explainedBy = new Map();
  for (const [id, expected] of Object.entries(direct)) {
    const got = textOf(through[id]);
    if (got === textOf(expected)) {
      checks.passed += 1;
      continue;
    }
    const reason = [...EXPLAINED].find(([pattern]) => pattern.test(id))?.[1];
    if (reason === undefined || got === 'success' || got === 'no result')
      checks.fail(`${id}: through the tunnel ${got}, direct ${textOf(expected)}`);
    else {
      explained += 1;
      explainedBy.set(reason, [...(explainedBy.get(reason) ?? []), id]);
    }
  }
  for (const [reason, ids] of explainedBy) checks.notes.push(`explained, ${reason}: ${ids.join(', ')}`);
  checks.notes.push(`${Object.keys(direct).length} exchanges, ${explained} explained differences`);
  return checks.outcome(PACKAGE.version);
}

/**
 * Failures embed a random address, which is taken out.
 * @param {true | [string, string] | undefined} outcome
 */
function textOf(outcome) {
  if (outcome === undefined) return 'no result';
  if (outcome === true) return 'success';
  return outcome
    .join(': ')
    .replace(/https?:\/\/\S+/g, 'URL')
    .replace(/[0-9a-f]{8}-[0-9a-f-]{27}/g, 'ID')
    .slice(0, 300);
}
