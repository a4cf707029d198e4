import { mkdtempSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { reasonOf } from '../bootstrap/failure.mjs';
import { createCertificate } from './certificate.mjs';
import { startDirect } from './targets/direct.mjs';
import { startNginxSsh } from './targets/nginx-ssh.mjs';
import { lookForPeers } from './targets/peers.mjs';
import { startSallyport } from './targets/sallyport.mjs';
import { ensureNginxSsh } from './tools.mjs';

/** Name on the certificate of the fronts that are not Sallyport. */
const HOST = 'bench.localhost';
const ORIGIN_LIMIT_MS = 10_000;
const COUNT_TIMEOUT_MS = 5_000;

/**
 * @typedef {object} World
 * @property {import('./targets/target.mjs').Target[]} targets
 * @property {import('./report.mjs').Absence[]} absent
 * @property {import('./targets/sallyport.mjs').Sallyport | undefined} sallyport undefined when it did not start
 * @property {() => Promise<import('./targets/target.mjs').Started>} startFresh another Sallyport beside the first, on the same
 * origin; to be stopped
 * @property {() => Promise<number>} countAnswers
 */

/**
 * Starts the origin and everything in front of it. What cannot be started is listed with its reason; the rest goes on.
 * @param {{ folder: string, children: import('./children.mjs').Children, env: NodeJS.ProcessEnv, log: (line: string) => void }} input
 * @returns {Promise<World>}
 */
export async function startWorld({ folder, children, env, log }) {
  const certificate = { ...(await createCertificate(folder, HOST)), host: HOST };
  const origin = await startOrigin(children, certificate);
  const surroundings = { folder, children, origin, certificate, log };
  const withoutNginx = await ensureNginxSsh(env);
  const peers = lookForPeers(env);
  /** @type {World} */
  const world = {
    targets: [],
    absent: peers.absent,
    sallyport: undefined,
    startFresh: () => startSallyport({ ...surroundings, folder: mkdtempSync(join(folder, 'fresh-')) }),
    countAnswers: () => countAnswers(origin.httpPort),
  };
  /** @type {readonly (readonly [readonly string[], (surroundings: import('./targets/target.mjs').Surroundings) => Promise<import('./targets/target.mjs').Started>])[]} */
  const starts = [
    [['direct'], startDirect],
    [['nginx-ssh'], startNginxSsh],
    [['sallyport-passthrough', 'sallyport-signed-in'], startSallyport],
    ...peers.present.map(({ name, start }) => /** @type {const} */ ([[name], start])),
  ];
  for (const [names, start] of starts) {
    if (start === startNginxSsh && withoutNginx !== undefined) {
      world.absent.unshift({ name: 'nginx-ssh', status: 'missing', reason: withoutNginx });
      continue;
    }
    log(`starting ${names.join(', ')}`);
    try {
      const started = await start(surroundings);
      world.targets.push(...started.targets);
      world.absent.unshift(...started.absent);
      world.sallyport ??= started.sallyport;
    } catch (error) {
      log(`${names.join(', ')} failed: ${reasonOf(error)}`);
      for (const name of names) world.absent.unshift({ name, status: 'failed', reason: reasonOf(error) });
    }
  }
  return world;
}

/**
 * @param {import('./children.mjs').Children} children
 * @param {{ certFile: string, keyFile: string }} certificate
 */
async function startOrigin(children, { certFile, keyFile }) {
  const script = fileURLToPath(new URL('origin.mjs', import.meta.url));
  const child = children.start('origin', process.execPath, [script, certFile, keyFile]);
  const { httpPort, httpsPort } = JSON.parse(await child.untilLine(/"event":"ready"/, ORIGIN_LIMIT_MS));
  return { httpPort: Number(httpPort), httpsPort: Number(httpsPort), pid: child.pid };
}

/**
 * @param {number} port
 * @returns {Promise<number>}
 */
function countAnswers(port) {
  return new Promise((resolve, reject) => {
    const call = request({ host: '127.0.0.1', port, path: '/count', agent: false, timeout: COUNT_TIMEOUT_MS });
    call.on('timeout', () => call.destroy(new Error(`the origin did not answer within ${COUNT_TIMEOUT_MS} ms`)));
    call.on('error', reject);
    call.on('response', (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => {
        text += chunk;
      });
      response.on('end', () => resolve(JSON.parse(text).smallAnswers));
    });
    call.end();
  });
}
