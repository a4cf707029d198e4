import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { probe } from './load.mjs';

/** Apps one connector group may have, those of a fresh system included (services/routing/src/limits.ts). */
export const APPS_PER_GROUP = 1_000;
const CALLS_AT_ONCE = 16;
const PAGE = 500;
/** The last app must answer within this time of its publication. */
const KNOWN_LIMIT_MS = 60_000;
const KNOWN_POLL_MS = 200;
const GROUP = 'default';

/**
 * In which group each app beyond those that are there goes: the connector's own while it has room, then groups without a
 * connector, which are published all the same. Pure.
 * @param {number} from apps published so far
 * @param {number} to apps wanted
 * @returns {{ name: string, connectorGroupId: string }[]}
 */
export function planApps(from, to) {
  return Array.from({ length: Math.max(0, to - from) }, (_, index) => {
    const number = from + index;
    const group = Math.floor(number / APPS_PER_GROUP);
    return { name: `bench-${number}`, connectorGroupId: group === 0 ? GROUP : `bench-more-${group}` };
  });
}

/**
 * Publishes apps by the REST API until there are so many, and waits until the last one answers.
 * @param {number} count 1 and every other number that is there already leaves things as they are
 * @param {import('./cases/case.mjs').Means} means
 */
export async function publishUpTo(count, { sallyport, log }) {
  if (sallyport === undefined) throw new Error('sallyport did not start');
  const api = await sallyport.openApi();
  try {
    const present = await countApps(api);
    const plan = planApps(present, count);
    if (plan.length === 0) return;
    const beginMs = performance.now();
    for (const id of new Set(plan.map(({ connectorGroupId }) => connectorGroupId)))
      if (id !== GROUP) await api.call('POST', '/connector-groups', { id, name: id });
    const hosts = await publishAll(api, plan, sallyport.internalUrl);
    sallyport.hosts.push(...hosts);
    await untilKnown(sallyport, hosts.at(-1));
    const seconds = Math.round((performance.now() - beginMs) / 1000);
    log(`published ${plan.length} apps in ${seconds} s; there are ${present + plan.length}`);
  } finally {
    await api.close();
  }
}

/** @param {import('./targets/sallyport.mjs').Api} api */
async function countApps(api) {
  let count = 0;
  let after = '';
  for (;;) {
    const page = /** @type {{ apps: unknown[], next: string | null }} */ (
      await api.call('GET', `/apps?limit=${PAGE}${after}`)
    );
    count += page.apps.length;
    if (page.next === null) return count;
    after = `&after=${encodeURIComponent(page.next)}`;
  }
}

/**
 * @param {import('./targets/sallyport.mjs').Api} api
 * @param {ReturnType<typeof planApps>} plan
 * @param {string} internalUrl
 * @returns {Promise<string[]>} hosts of the apps a connector serves, the last of the plan last
 */
async function publishAll(api, plan, internalUrl) {
  /** @type {string[]} */
  const hosts = [];
  let next = 0;
  const work = async () => {
    for (let app = plan[next]; app !== undefined; app = plan[next]) {
      next += 1;
      const settings = { ...app, preauthentication: 'passthrough', internalUrl };
      const published = /** @type {{ externalUrl: string }} */ (await api.call('POST', '/apps', settings));
      if (app.connectorGroupId === GROUP) hosts.push(new URL(published.externalUrl).hostname);
    }
  };
  await Promise.all(Array.from({ length: CALLS_AT_ONCE }, work));
  return hosts;
}

/**
 * @param {import('./targets/sallyport.mjs').Sallyport} sallyport
 * @param {string | undefined} host
 */
async function untilKnown({ caFile, ingressPort }, host) {
  if (host === undefined) return;
  const ca = readFileSync(caFile, 'utf8');
  const deadline = Date.now() + KNOWN_LIMIT_MS;
  for (;;) {
    const answer = await probe({ host, port: ingressPort, caFile }, ca).catch(() => undefined);
    if (answer?.status === 200) return;
    if (Date.now() > deadline)
      throw new Error(`${host} answered ${answer?.status ?? 'nothing'} ${KNOWN_LIMIT_MS} ms after its publication`);
    await delay(KNOWN_POLL_MS);
  }
}
