import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { runCommand } from '../../bootstrap/run-command.mjs';
import { openSocket } from '../ask.mjs';
import { SuiteUnavailable } from '../suite.mjs';
import { requireNpmPackage } from '../tools.mjs';

const DENO = { name: 'deno', version: '2.9.6' };
const TIMEOUT_MS = 60_000;
/** The host name in its requests, replaced by the app's: the one thing that is changed. */
const THEIR_HOST = /^(host:[ \t]*)example\.com/gim;

/** @type {import('../suite.mjs').Suite} */
export const h1spec = {
  name: 'h1spec',
  judges: 'HTTP/1.1 in 33 quick checks (uNetworking)',
  limitMs: 120_000,
  run: async ({ env, passthrough }) => {
    const file = env.H1SPEC;
    if (file === undefined || file === '')
      throw new SuiteUnavailable('H1SPEC names no file; to run it: H1SPEC=path/to/http_test.ts npm run conformance');
    if (!existsSync(file)) throw new SuiteUnavailable(`H1SPEC names ${file}, which is not there`);
    const deno = await requireNpmPackage(DENO);
    const bridge = await startBridge(passthrough);
    try {
      const args = [
        join(deno, 'bin.cjs'),
        'run',
        '--no-config',
        '--allow-net=127.0.0.1',
        file,
        '127.0.0.1',
        String(bridge.port),
      ];
      const run = await runCommand(process.execPath, args, { timeoutMs: TIMEOUT_MS, env: { ...env, NO_COLOR: '1' } });
      const text = `${run.stdout}\n${run.stderr}`;
      const total = /(\d+) out of (\d+) tests passed/.exec(text);
      if (total === null) throw new Error(`it printed no total: ${text.slice(-300)}`);
      const unexplained = text
        .split('\n')
        .filter((line) => line.includes('❌'))
        .map((line) => line.replace('❌', '').trim());
      return {
        version: `deno ${DENO.version}`,
        passed: Number(total[1]),
        failed: Number(total[2]) - Number(total[1]),
        unexplained,
        notes: [
          'over plain TCP through a bridge to TLS, which also puts the name of the app in the place of example.com',
        ],
      };
    } finally {
      bridge.close();
    }
  },
};

/**
 * Plain TCP in front of TLS.
 * @param {import('../world.mjs').Front} front
 */
async function startBridge(front) {
  const server = createServer((plain) => {
    plain.on('error', () => undefined);
    plain.pause();
    openSocket(front).then(
      (secure) => {
        plain.on('data', (chunk) =>
          secure.write(
            Buffer.from(chunk.toString('latin1').replace(THEIR_HOST, `$1${front.host}:${front.port}`), 'latin1'),
          ),
        );
        secure.on('data', (chunk) => plain.write(chunk));
        plain.on('close', () => secure.destroy());
        secure.on('close', () => plain.end());
        plain.resume();
      },
      () => plain.destroy(),
    );
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  return { port: typeof address === 'object' ? (address?.port ?? 0) : 0, close: () => server.close() };
}
