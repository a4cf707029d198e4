import { runSuite } from './suite.mjs';
import { curl } from './suites/curl.mjs';
import { git } from './suites/git.mjs';
import { h1spec } from './suites/h1spec.mjs';
import { httpCacheTests } from './suites/http-cache-tests.mjs';
import { http2Client } from './suites/http2-client.mjs';
import { http2Floods } from './suites/http2-floods.mjs';
import { http2Requests } from './suites/http2-requests.mjs';
import { idleWebSocket } from './suites/idle-websocket.mjs';
import { litmus } from './suites/litmus.mjs';
import { malformedRequests } from './suites/malformed-requests.mjs';
import { mediawiki } from './suites/mediawiki.mjs';
import { mutations } from './suites/mutations.mjs';
import { npm } from './suites/npm.mjs';
import { serverSentEvents } from './suites/server-sent-events.mjs';
import { sizeLadder } from './suites/size-ladder.mjs';
import { skopeo } from './suites/skopeo.mjs';
import { slowhttptest } from './suites/slowhttptest.mjs';
import { sslscan } from './suites/sslscan.mjs';
import { testssl } from './suites/testssl.mjs';
import { wapiti } from './suites/wapiti.mjs';
import { websocket } from './suites/websocket.mjs';

const SUITES = [
  malformedRequests,
  mutations,
  h1spec,
  httpCacheTests,
  testssl,
  sslscan,
  wapiti,
  slowhttptest,
  http2Requests,
  http2Client,
  http2Floods,
  sizeLadder,
  serverSentEvents,
  websocket,
  idleWebSocket,
  litmus,
  git,
  curl,
  npm,
  skopeo,
  mediawiki,
];
/** Runs while the others do: it does nothing but wait, and what it waits through is what it judges. */
const IN_BACKGROUND = new Set([idleWebSocket]);

/**
 * One after the other, so that no suite is judged by what another one does to the machine.
 * @param {readonly string[]} names
 * @param {import('./world.mjs').Context} context
 * @returns {Promise<import('./suite.mjs').Result[]>} in the order of the names
 */
export async function runSuites(names, context) {
  const chosen = SUITES.filter(({ name }) => names.includes(name));
  const background = chosen.filter((suite) => IN_BACKGROUND.has(suite)).map((suite) => runSuite(suite, context));
  /** @type {import('./suite.mjs').Result[]} */
  const results = [];
  for (const suite of chosen) {
    if (IN_BACKGROUND.has(suite)) continue;
    context.log(`running ${suite.name}`);
    const result = await runSuite(suite, context);
    const summary = result.ran ? `${result.passed} passed, ${result.failed} failed` : `not run: ${result.reason}`;
    context.log(`${suite.name}: ${summary}`);
    results.push(result);
  }
  results.push(...(await Promise.all(background)));
  return results.sort((one, other) => names.indexOf(one.suite) - names.indexOf(other.suite));
}
