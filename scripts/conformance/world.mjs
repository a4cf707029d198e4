import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { REQUESTS_PER_SECOND, retry, signIn, startSystem } from '../bench/system.mjs';
import { reasonOf } from '../bootstrap/failure.mjs';
import { ask } from './ask.mjs';
import { requireNpmPackage } from './tools.mjs';

const ORIGIN_LIMIT_MS = 10_000;
const ANSWER_LIMIT_MS = 20_000;
const WS = { name: 'ws', version: '8.23.0' };

/**
 * Where a suite goes: always 127.0.0.1, under the app's name.
 * @typedef {object} Front
 * @property {string} host
 * @property {number} port
 * @property {string} caFile
 * @property {string} ca in PEM
 * @property {string} url with a slash at the end
 * @property {string} [cookie] of a signed-in user
 */

/**
 * What every suite gets.
 * @typedef {object} Context
 * @property {string} folder for files, removed at the end
 * @property {import('../bench/children.mjs').Children} children
 * @property {NodeJS.ProcessEnv} env
 * @property {(line: string) => void} log
 * @property {number} originPort of the echo app, without anything in between
 * @property {string | undefined} wsFolder of the ws package; undefined when it cannot be installed
 * @property {string | undefined} wsReason why not
 * @property {Front} passthrough the echo app for everybody
 * @property {Front} signedIn the same with sign-in, and the cookie of a user
 * @property {(name: string, internalUrl: string, settings?: object) => Promise<Front>} publish a further app
 * @property {() => Promise<Front>} openPortal with the cookie of a user who has signed in there
 * @property {Readonly<Record<string, number>>} processes ids by name
 * @property {import('./arguments.mjs').Options} options
 */

/**
 * Starts the echo app and the whole system, as a user does, with that app published twice.
 * @param {{ folder: string, children: import('../bench/children.mjs').Children, env: NodeJS.ProcessEnv, log: (line: string) => void, options: import('./arguments.mjs').Options }} input
 * @returns {Promise<Context>}
 */
export async function startWorld({ folder, children, env, log, options }) {
  const { wsFolder, wsReason } = await findWs();
  const script = fileURLToPath(new URL('origin.mjs', import.meta.url));
  const origin = children.start('origin', process.execPath, [script, ...(wsFolder === undefined ? [] : [wsFolder])]);
  const { port: originPort } = JSON.parse(await origin.untilLine(/"event":"ready"/, ORIGIN_LIMIT_MS));
  const { ready, user, openApi } = await startSystem({ folder, children, log });
  const api = await openApi();
  const ca = readFileSync(ready.caFile, 'utf8');
  /** @param {string} url */
  const frontOf = (url) => {
    const { hostname, port } = new URL(url);
    return { host: hostname, port: Number(port), caFile: ready.caFile, ca, url };
  };
  /** @type {Context['publish']} */
  const publish = async (name, internalUrl, settings = {}) => {
    const wanted = { name, internalUrl, preauthentication: 'passthrough', ...settings };
    const app = /** @type {{ id: string, externalUrl: string }} */ (await api.call('POST', '/apps', wanted));
    if (wanted.preauthentication !== 'passthrough')
      await api.call('PUT', `/apps/${app.id}/assignments/users/${user.userId}`);
    await api.call('PUT', `/limits/${app.id}`, { requestsPerSecond: REQUESTS_PER_SECOND });
    const front = frontOf(app.externalUrl);
    await untilKnown(front);
    return front;
  };
  await api.call('PUT', '/limits/tenant', { requestsPerSecond: REQUESTS_PER_SECOND });
  const internalUrl = `http://127.0.0.1:${originPort}/`;
  const passthrough = await publish('echo', internalUrl);
  const guarded = await publish('echo-signed-in', internalUrl, { preauthentication: 'oidc' });
  const cookie = await retry(() => signIn(`${guarded.url}small`, user, ca), log);
  const openPortal = async () => {
    const { portalUrl } = /** @type {typeof ready & { portalUrl: string }} */ (ready);
    return { ...frontOf(portalUrl), cookie: await retry(() => signIn(portalUrl, user, ca), log) };
  };
  return {
    folder,
    children,
    env,
    log,
    originPort,
    wsFolder,
    wsReason,
    passthrough,
    signedIn: { ...guarded, cookie },
    publish,
    openPortal,
    processes: { ...ready.processes, origin: origin.pid },
    options,
  };
}

async function findWs() {
  try {
    return { wsFolder: await requireNpmPackage(WS), wsReason: undefined };
  } catch (error) {
    return { wsFolder: undefined, wsReason: reasonOf(error) };
  }
}

/**
 * An app is known a moment after it was published; until then its address is nobody's.
 * @param {Front} front
 */
async function untilKnown(front) {
  const deadline = Date.now() + ANSWER_LIMIT_MS;
  for (;;) {
    const answer = await ask(front, { path: '/' }).catch(() => undefined);
    if (answer !== undefined && answer.headers['content-type'] !== 'application/problem+json') return;
    // Behind sign-in the answer is the ingress's too, but not that there is nothing.
    if (answer?.status === 401) return;
    if (Date.now() > deadline) throw new Error(`${front.url} is not served, last answer ${answer?.status ?? 'none'}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
