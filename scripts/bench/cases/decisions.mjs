import { setTimeout as delay } from 'node:timers/promises';
import { MAX_POLICIES, policySetOf, putPolicies, removePolicies } from '../policies.mjs';
import { unlessSignedIn } from './case.mjs';
import { requestCostCase } from './request-cost.mjs';

/** Of nobody in the development directory, so that what names it applies to others. */
const GROUP = 'bench-group';
/** Access records looked at after a round, of its last moments. */
const MIN_RECORDS = 10;
const MAX_RECORDS = 500;
const LAST_MOMENTS_MS = 500;
/** A decision is made again when its time is up; this often in the last moments at most. */
const MAX_CACHED_DECISIONS = 2;
const RECORDS_LIMIT_MS = 10_000;
const RECORDS_POLL_MS = 100;

/** An ingress asks about no more clients of one cookie at once. */
const CONNECTIONS = 8;
/** CPU of auth for a request that asks it, at the least; one that does not costs it nothing. */
const MIN_AUTH_MICROSECONDS = 20;

/** @typedef {{ appId: string | null, decisionId: string | null }} AccessRecord */

/**
 * What a signed-in request costs whose access decision the ingress has, and one that auth must be asked about, with as many policies
 * as there can be: auth judges it again, and gives the decision it remembers for that kind of client.
 * @param {import('./case.mjs').Plan} plan
 * @param {import('./case.mjs').Means} means
 * @returns {import('./case.mjs').Case[]}
 */
export function decisionCases(plan, means) {
  const set = policySetOf(MAX_POLICIES, GROUP);
  return [false, true].map((isNewClient) =>
    requestCostCase({
      name: isNewClient ? 'decision-uncached' : 'decision-cached',
      plan,
      means,
      isNewClient,
      whyNot: unlessSignedIn,
      connections: CONNECTIONS,
      check: async ({ auth = 0 }) =>
        isNewClient
          ? whyNotAsked(auth)
          : withApi(means, (api) => checkRecords(api, means.sallyport?.signedIn.id ?? '')),
      prepare: () => withApi(means, (api) => putPolicies(api, set)),
      finish: () => withApi(means, (api) => removePolicies(api, set)),
    }),
  );
}

/**
 * @param {import('../targets/sallyport.mjs').Api} api
 * @param {string} appId
 * @returns {Promise<string | undefined>}
 */
async function checkRecords(api, appId) {
  const since = new Date(Date.now() - LAST_MOMENTS_MS).toISOString();
  const deadline = Date.now() + RECORDS_LIMIT_MS;
  for (;;) {
    const { records } = /** @type {{ records: AccessRecord[] }} */ (
      await api.call('GET', `/access-records?since=${since}&limit=${MAX_RECORDS}`)
    );
    // What the load tool broke off at its end may have had no decision yet; it was not counted either.
    const ids = records.flatMap((one) => (one.appId === appId && one.decisionId !== null ? [one.decisionId] : []));
    if (ids.length >= MIN_RECORDS) return whyNotCached(ids);
    if (Date.now() > deadline) return `${ids.length} access records of its last moments were found`;
    await delay(RECORDS_POLL_MS);
  }
}

/**
 * Whether requests ran on a cached decision. Pure.
 * @param {readonly string[]} decisionIds of requests that followed each other
 * @returns {string | undefined} why the numbers do not count
 */
export function whyNotCached(decisionIds) {
  const decisions = new Set(decisionIds).size;
  return decisions <= MAX_CACHED_DECISIONS ? undefined : `${decisionIds.length} requests ran on ${decisions} decisions`;
}

/**
 * Whether auth was asked about requests. Pure.
 * @param {number} authMicroseconds CPU of auth for one of them
 * @returns {string | undefined} why the numbers do not count
 */
export function whyNotAsked(authMicroseconds) {
  if (authMicroseconds >= MIN_AUTH_MICROSECONDS) return undefined;
  return `auth spent ${authMicroseconds.toFixed(1)} µs on a request: it was not asked about each`;
}

/**
 * @template T
 * @param {import('./case.mjs').Means} means
 * @param {(api: import('../targets/sallyport.mjs').Api) => Promise<T>} work
 * @returns {Promise<T>}
 */
async function withApi({ sallyport }, work) {
  if (sallyport === undefined) throw new Error('sallyport did not start');
  const api = await sallyport.openApi();
  try {
    return await work(api);
  } finally {
    await api.close();
  }
}
