import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { reasonOf } from '../bootstrap/failure.mjs';
import { PROJECT_ROOT } from '../bootstrap/project.mjs';

/** The first start on a machine fetches and builds. */
const READY_LIMIT_MS = 10 * 60_000;
/** Ingress, connector, services and hub drain one after the other. */
const STOP_LIMIT_MS = 60_000;
/** Far above what one machine answers, so that the limits stay on and never bite. */
export const REQUESTS_PER_SECOND = 1_000_000;
const MAX_SIGN_IN_STEPS = 12;
const SIGN_IN_ATTEMPTS = 5;
const SIGN_IN_PAUSE_MS = 1_000;

/** @typedef {{ username: string, password: string, userId: string }} User */
/** @typedef {{ call: (method: string, path: string, body?: unknown) => Promise<unknown>, close: () => Promise<void> }} Api */

/**
 * What `<data directory>/cli.json` says; the parts the bench needs.
 * @typedef {object} SystemFile
 * @property {string} issuer
 * @property {string} clientId
 * @property {string} scope
 * @property {string} connectorEndpointUrl
 * @property {string} localOperatorKeyFile
 * @property {readonly { username: string, userId: string }[]} developmentUsers
 */

/**
 * What the launcher says on its one line of JSON; the parts used here.
 * @typedef {object} Ready
 * @property {string} ingressUrl
 * @property {string} apiUrl
 * @property {string} caFile
 * @property {string} dataDir
 * @property {readonly { username: string, password: string, roles: readonly string[] }[]} users
 * @property {Readonly<Record<string, number>>} processes ids by name
 */

/**
 * Starts the whole system as a user starts it.
 * @param {{ folder: string, children: import('./children.mjs').Children, log: (line: string) => void }} surroundings
 */
export async function startSystem({ folder, children, log }) {
  const start = join(PROJECT_ROOT, 'scripts', 'start.mjs');
  const args = [start, '--json', '--data-dir', join(folder, 'sallyport'), '--port', '0'];
  const launcher = children.start('npm start', process.execPath, args, {
    cwd: PROJECT_ROOT,
    stopLimitMs: STOP_LIMIT_MS,
  });
  /** @type {Ready} */
  const ready = JSON.parse(await launcher.untilLine(/"event":"ready"/, READY_LIMIT_MS));
  log(`sallyport is ready at ${ready.ingressUrl}`);
  /** @type {SystemFile} */
  const cli = JSON.parse(readFileSync(join(ready.dataDir, 'cli.json'), 'utf8'));
  const people = listPeople(ready.users, cli.developmentUsers);
  const { createApiClient } = await importBuilt('services/launcher/src/api-client.js');
  /** @returns {Promise<Api>} */
  const openApi = () =>
    createApiClient({ apiUrl: ready.apiUrl, caFile: ready.caFile, operatorKeyFile: cli.localOperatorKeyFile });
  return { launcher, ready, cli, user: people[0], people, openApi };
}

/**
 * @param {readonly { username: string, password: string }[]} announced
 * @param {readonly { username: string, userId: string }[]} directory
 * @returns {[User, ...User[]]}
 */
function listPeople(announced, directory) {
  const [first, ...others] = announced.flatMap(({ username, password }) => {
    const userId = directory.find((user) => user.username === username)?.userId;
    return userId === undefined ? [] : [{ username, password, userId }];
  });
  if (first === undefined) throw new Error('the development directory has no user to sign in as');
  return [first, ...others];
}

/**
 * Signs in as a person would, from the app's own address on, with scripted pages.
 * @param {string} url
 * @param {User} user
 * @param {string} ca
 * @returns {Promise<string>} the cookies of the app's host
 */
export async function signIn(url, { username, password }, ca) {
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

/**
 * A system that was just started, or is under load, may say 503 to a sign-in: people try again, within reason.
 * @template T
 * @param {() => Promise<T>} work
 * @param {(line: string) => void} log
 * @returns {Promise<T>}
 */
export async function retry(work, log) {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await work();
    } catch (error) {
      if (attempt >= SIGN_IN_ATTEMPTS) throw error;
      log(`sign-in, attempt ${attempt}: ${reasonOf(error)}`);
      await delay(SIGN_IN_PAUSE_MS);
    }
  }
}

/** @param {string} path in dist/, which `npm start` has built by now */
export function importBuilt(path) {
  return import(pathToFileURL(join(PROJECT_ROOT, 'dist', path)).href);
}
