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

/** @typedef {{ appId: string | null, decisionId: string | null }} AccessRecord */

/**
 * What a signed-in request costs whose access decision the ingress has, and one that auth must decide anew with as many policies
 * as there can be.
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
      check: () => withApi(means, (api) => checkRecords(api, means.sallyport?.signedIn.id ?? '', isNewClient)),
      prepare: () => withApi(means, (api) => putPolicies(api, set)),
      finish: () => withApi(means, (api) => removePolicies(api, set)),
    }),
  );
}

/**
 * @param {import('../targets/sallyport.mjs').Api} api
 * @param {string} appId
 * @param {boolean} isNewClient
 * @returns {Promise<string | undefined>}
 */
async function checkRecords(api, appId, isNewClient) {
  const since = new Date(Date.now() - LAST_MOMENTS_MS).toISOString();
  const deadline = Date.now() + RECORDS_LIMIT_MS;
  for (;;) {
    const { records } = /** @type {{ records: AccessRecord[] }} */ (
      await api.call('GET', `/access-records?since=${since}&limit=${MAX_RECORDS}`)
    );
    // What the load tool broke off at its end may have had no decision yet; it was not counted either.
    const ids = records.flatMap((one) => (one.appId === appId && one.decisionId !== null ? [one.decisionId] : []));
    if (ids.length >= MIN_RECORDS) return whyNotSo(ids, isNewClient);
    if (Date.now() > deadline) return `${ids.length} access records of its last moments were found`;
    await delay(RECORDS_POLL_MS);
  }
}

/**
 * Whether requests ran on decisions as the case says. Pure.
 * @param {readonly string[]} decisionIds of requests that followed each other
 * @param {boolean} isNewClient
 * @returns {string | undefined} why the numbers do not count
 */
export function whyNotSo(decisionIds, isNewClient) {
  const decisions = new Set(decisionIds).size;
  const isSo = isNewClient ? decisions === decisionIds.length : decisions <= MAX_CACHED_DECISIONS;
  return isSo ? undefined : `${decisionIds.length} requests ran on ${decisions} decisions`;
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
