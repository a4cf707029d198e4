import { readFileSync } from 'node:fs';
import { reasonOf } from '../../bootstrap/failure.mjs';
import { REQUESTS_PER_SECOND, retry, signIn, startSystem } from '../system.mjs';
import { requireSameWork } from './target.mjs';

/** @typedef {import('../system.mjs').Api} Api */

/**
 * The running system, for cases that change it.
 * @typedef {object} Sallyport
 * @property {string} caFile
 * @property {import('../system.mjs').SystemFile} system
 * @property {readonly { username: string, password: string, roles: readonly string[] }[]} users
 * @property {[import('../system.mjs').User, ...import('../system.mjs').User[]]} people who can sign in; the first does for the load
 * @property {string} dataDir
 * @property {{ id: string, externalUrl: string }} signedIn the app that asks for a sign-in
 * @property {string} internalUrl of the origin
 * @property {number} ingressPort
 * @property {string[]} hosts external hosts of passthrough apps that lead to the origin
 * @property {() => Promise<Api>} openApi to be closed
 * @property {() => Promise<void>} stop
 */

/**
 * The whole system, started as a user starts it, with two apps on the same origin published by the REST API.
 * @param {import('./target.mjs').Surroundings} surroundings
 * @returns {Promise<import('./target.mjs').Started>}
 */
export async function startSallyport({ folder, children, origin, log }) {
  const { launcher, ready, cli, user, people, openApi } = await startSystem({ folder, children, log });
  const api = await openApi();
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
  /** @returns {Promise<import('./target.mjs').Target>} */
  const signedIn = async () => {
    const ca = readFileSync(ready.caFile, 'utf8');
    const cookie = await retry(() => signIn(`${apps.signedIn.externalUrl}1k`, user, ca), log);
    const front = { ...frontOf(apps.signedIn), cookie };
    await requireSameWork('sallyport-signed-in', front);
    return { name: 'sallyport-signed-in', front, ...shared, renew: signedIn };
  };
  /** @type {Sallyport} */
  const sallyport = {
    caFile: ready.caFile,
    system: cli,
    users: ready.users,
    people,
    dataDir: ready.dataDir,
    signedIn: apps.signedIn,
    internalUrl: `http://127.0.0.1:${origin.httpPort}/`,
    ingressPort: passthrough.front.port,
    hosts: [passthrough.front.host],
    openApi,
    stop: () => launcher.stop(),
  };
  /** @type {import('./target.mjs').Started} */
  const started = { targets: [], absent: [], sallyport };
  /**
   * One of the two failing is no reason to leave out the other.
   * @param {string} name
   * @param {() => Promise<import('./target.mjs').Target>} open
   */
  const add = async (name, open) => {
    try {
      started.targets.push(await open());
    } catch (error) {
      started.absent.push({ name, status: 'failed', reason: reasonOf(error) });
    }
  };
  await add(passthrough.name, async () => {
    await requireSameWork(passthrough.name, passthrough.front);
    return passthrough;
  });
  await add('sallyport-signed-in', signedIn);
  return started;
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
