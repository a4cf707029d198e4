import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { PROJECT_ROOT } from '../../bootstrap/project.mjs';
import { requireSameWork } from './target.mjs';

/** The first start on a machine fetches and builds. */
const READY_LIMIT_MS = 10 * 60_000;
/** Ingress, connector, services and hub drain one after the other. */
const STOP_LIMIT_MS = 60_000;
/** Far above what one machine answers, so that the limits stay on and never bite. */
const REQUESTS_PER_SECOND = 1_000_000;
const MAX_SIGN_IN_STEPS = 12;

/** @typedef {{ username: string, password: string, userId: string }} User */

/**
 * The whole system, started as a user starts it, with two apps on the same origin published by the REST API.
 * @param {import('./target.mjs').Surroundings} surroundings
 * @returns {Promise<import('./target.mjs').Target[]>}
 */
export async function startSallyport({ folder, children, origin, log }) {
  const start = join(PROJECT_ROOT, 'scripts', 'start.mjs');
  const args = [start, '--json', '--data-dir', join(folder, 'sallyport'), '--port', '0'];
  const launcher = children.start('npm start', process.execPath, args, {
    cwd: PROJECT_ROOT,
    stopLimitMs: STOP_LIMIT_MS,
  });
  const ready = JSON.parse(await launcher.untilLine(/"event":"ready"/, READY_LIMIT_MS));
  log(`sallyport is ready at ${ready.ingressUrl}`);
  const cli = JSON.parse(readFileSync(join(ready.dataDir, 'cli.json'), 'utf8'));
  const user = chooseUser(ready.users, cli.developmentUsers);
  const { createApiClient } = await importBuilt('services/launcher/src/api-client.js');
  const api = await createApiClient({
    apiUrl: ready.apiUrl,
    caFile: ready.caFile,
    operatorKeyFile: cli.localOperatorKeyFile,
  });
  const apps = {
    passthrough: await publish(api, { name: 'bench-passthrough', preauthentication: 'passthrough', origin }),
    signedIn: await publish(api, { name: 'bench-signed-in', preauthentication: 'oidc', origin }),
  };
  await api.call('PUT', `/apps/${apps.signedIn.id}/assignments/users/${user.userId}`);
  for (const scope of ['tenant', apps.passthrough.id, apps.signedIn.id])
    await api.call('PUT', `/limits/${scope}`, { requestsPerSecond: REQUESTS_PER_SECOND });
  await api.close();
  const shared = {
    processes: { launcher: launcher.pid, ...ready.processes, origin: origin.pid },
    watched: ['ingress', 'connector'],
  };
  /** @param {{ externalUrl: string }} app */
  const frontOf = (app) => {
    const { hostname, port } = new URL(app.externalUrl);
    return { host: hostname, port: Number(port), caFile: ready.caFile };
  };
  /** @type {import('./target.mjs').Target} */
  const passthrough = { name: 'sallyport-passthrough', front: frontOf(apps.passthrough), ...shared };
  await requireSameWork(passthrough.name, passthrough.front);
  /** @returns {Promise<import('./target.mjs').Target>} */
  const signedIn = async () => {
    const cookie = await signIn(`${apps.signedIn.externalUrl}1k`, user, readFileSync(ready.caFile, 'utf8'));
    const front = { ...frontOf(apps.signedIn), cookie };
    await requireSameWork('sallyport-signed-in', front);
    return { name: 'sallyport-signed-in', front, ...shared, renew: signedIn };
  };
  return [passthrough, await signedIn()];
}

/**
 * @param {readonly { username: string, password: string }[]} announced
 * @param {readonly { username: string, userId: string }[]} directory
 * @returns {User}
 */
function chooseUser(announced, directory) {
  for (const { username, password } of announced) {
    const userId = directory.find((user) => user.username === username)?.userId;
    if (userId !== undefined) return { username, password, userId };
  }
  throw new Error('the development directory has no user to sign in as');
}

/**
 * @param {{ call: (method: string, path: string, body?: unknown) => Promise<unknown> }} api
 * @param {{ name: string, preauthentication: string, origin: { httpPort: number } }} app
 * @returns {Promise<{ id: string, externalUrl: string }>}
 */
async function publish(api, { name, preauthentication, origin }) {
  const settings = { name, preauthentication, internalUrl: `http://127.0.0.1:${origin.httpPort}/` };
  return /** @type {{ id: string, externalUrl: string }} */ (await api.call('POST', '/apps', settings));
}

/**
 * Signs in as a person would, from the app's own address on, with scripted pages.
 * @param {string} url
 * @param {User} user
 * @param {string} ca
 * @returns {Promise<string>} the cookies of the app's host
 */
async function signIn(url, { username, password }, ca) {
  const { ScriptedBrowser, signInByForm } = await importBuilt('libs/identity/src/index.js');
  const browser = new ScriptedBrowser({ ca });
  let page = await browser.get(url);
  for (let step = 0; step < MAX_SIGN_IN_STEPS; step += 1) {
    if (page.status === 200 && page.url === url) return browser.cookieHeader(url);
    if (page.location === null) throw new Error(`sign-in stopped at ${new URL(page.url).pathname} with ${page.status}`);
    const { port } = new URL(page.location);
    const next =
      port === new URL(url).port
        ? page.location
        : await signInByForm({ authorizeUrl: page.location, username, password, browser });
    page = await browser.get(next);
  }
  throw new Error(`sign-in did not come back to ${url} within ${MAX_SIGN_IN_STEPS} steps`);
}

/** @param {string} path in dist/, which `npm start` has built by now */
function importBuilt(path) {
  return import(pathToFileURL(join(PROJECT_ROOT, 'dist', path)).href);
}
