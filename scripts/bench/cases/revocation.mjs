import { readFileSync } from 'node:fs';
import { openAsker, sinceAcknowledged } from '../refusals.mjs';
import { startSecondIngress } from '../second-ingress.mjs';
import { percentileOf } from '../statistics.mjs';
import { retry, signIn } from '../system.mjs';
import { openWebSocket } from '../websocket/client.mjs';
import { unlessSignedIn } from './case.mjs';

/** A refusal or a close later than this fails the case; the bar is a second. */
const REFUSED_LIMIT_MS = 10_000;
/** A new ingress must know the apps within this time. */
const SERVED_LIMIT_MS = 20_000;
const SESSIONS_LISTED = 500;

/**
 * How long after the acknowledged revocation of a user session each of two ingresses, which both have its decision cached and
 * are asked all the time, still lets it in; and how long its WebSocket stays open.
 * @param {import('./case.mjs').Plan} plan
 * @param {import('./case.mjs').Means} means
 * @returns {import('./case.mjs').Case}
 */
export function revocationCase({ revocations }, { sallyport, children, log }) {
  const name = 'revocation';
  /** @type {Awaited<ReturnType<typeof startSecondIngress>> | undefined} */
  let second;
  return {
    name,
    reports: ['', '-p99', '-websocket', '-websocket-p99'].map((end) => ({ name: `${name}${end}`, unit: 'ms' })),
    cpuUnit: '',
    when: 'last',
    whyNot: unlessSignedIn,
    prepare: async () => {
      if (sallyport === undefined) throw new Error('sallyport did not start');
      second = await startSecondIngress(sallyport.dataDir, children);
      const api = await sallyport.openApi();
      await api.call('PUT', `/apps/${sallyport.signedIn.id}/assignments/users/${personOf(sallyport).userId}`);
      await api.close();
    },
    finish: async () => second?.stop(),
    measure: async ({ front }) => {
      if (sallyport === undefined || second === undefined) throw new Error('there are no two ingresses');
      const api = await sallyport.openApi();
      try {
        const world = { sallyport, api, front, ports: [front.port, second.port], log };
        /** @type {Revoked[]} */
        const all = [];
        for (let count = 0; count < revocations; count += 1) all.push(await revokeOne(world));
        return summarize(name, all);
      } finally {
        await api.close();
      }
    },
  };
}

/**
 * Milliseconds after the acknowledgment.
 * @typedef {object} Revoked
 * @property {readonly number[]} refusedMs at each ingress
 * @property {number} closedMs of the WebSocket
 * @property {number} answeredMs what the call itself took
 */

/**
 * Pure.
 * @param {string} name
 * @param {readonly Revoked[]} all
 * @returns {import('./case.mjs').Sample}
 */
export function summarize(name, all) {
  const refusedMs = all.flatMap((one) => one.refusedMs);
  const closedMs = all.map((one) => one.closedMs);
  const [p50Ms, p99Ms] = [percentileOf(refusedMs, 50), percentileOf(refusedMs, 99)];
  const callP50Ms = percentileOf(
    all.map(({ answeredMs }) => answeredMs),
    50,
  );
  return {
    values: {
      [name]: p50Ms,
      [`${name}-p99`]: p99Ms,
      [`${name}-websocket`]: percentileOf(closedMs, 50),
      [`${name}-websocket-p99`]: percentileOf(closedMs, 99),
    },
    figures: { p50Ms, p99Ms, maxMs: Math.max(...refusedMs), callP50Ms, revocations: all.length },
    errors: 0,
  };
}

/**
 * @param {{ sallyport: import('../targets/sallyport.mjs').Sallyport, api: import('../targets/sallyport.mjs').Api,
 * front: import('../front.mjs').Front, ports: readonly number[], log: (line: string) => void }} world
 * @returns {Promise<Revoked>}
 */
async function revokeOne({ sallyport, api, front, ports, log }) {
  const ca = readFileSync(sallyport.caFile, 'utf8');
  const person = personOf(sallyport);
  const cookie = await retry(() => signIn(`${sallyport.signedIn.externalUrl}1k`, person, ca), log);
  const signedIn = { ...front, cookie };
  const askers = ports.map((port) => openAsker(signedIn, { port, ca }));
  const socket = await openWebSocket(signedIn, ca);
  try {
    for (const asker of askers) await asker.untilServed(SERVED_LIMIT_MS);
    const sessionId = await onlySessionOf(api, person.userId);
    const limitMs = REFUSED_LIMIT_MS;
    const refusals = Promise.all(askers.map((asker) => asker.untilRefused(limitMs)));
    const closed = socket.untilClosed(limitMs);
    // Awaited below; until then nobody else would hear of it when one of them fails.
    refusals.catch(() => undefined);
    closed.catch(() => undefined);
    const calledMs = performance.now();
    await api.call('DELETE', `/sessions/${sessionId}`);
    const acknowledgedMs = performance.now();
    const refusedMs = (await refusals).map((atMs) => sinceAcknowledged(atMs, acknowledgedMs));
    const closedMs = sinceAcknowledged(await closed, acknowledgedMs);
    return { refusedMs, closedMs, answeredMs: acknowledgedMs - calledMs };
  } finally {
    socket.close();
    for (const asker of askers) asker.close();
  }
}

/**
 * The person of this case has one session at a time.
 * @param {import('../targets/sallyport.mjs').Api} api
 * @param {string} userId
 */
async function onlySessionOf(api, userId) {
  const { sessions } = /** @type {{ sessions: { id: string }[] }} */ (
    await api.call('GET', `/sessions?subject=${userId}&activeOnly=true&limit=${SESSIONS_LISTED}`)
  );
  const [session] = sessions;
  if (session === undefined) throw new Error('the person who signed in has no session');
  // One that an attempt of the sign-in left behind, which nobody uses: the newest comes first.
  for (const { id } of sessions.slice(1)) await api.call('DELETE', `/sessions/${id}`);
  return session.id;
}

/**
 * Another one than signs in for the load.
 * @param {import('../targets/sallyport.mjs').Sallyport} sallyport
 */
function personOf({ people }) {
  const person = people[1];
  if (person === undefined) throw new Error('the development directory has no second user');
  return person;
}
