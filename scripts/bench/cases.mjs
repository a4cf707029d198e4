import { decisionLatencyCase } from './cases/decision-latency.mjs';
import { decisionCases } from './cases/decisions.mjs';
import { getCase, oneConnectionCase } from './cases/get.mjs';
import { idleWebSocketsCase } from './cases/idle-websockets.mjs';
import { manyAppsCases } from './cases/many-apps.mjs';
import { manyConnectorsCases } from './cases/many-connectors.mjs';
import { memoryCase } from './cases/memory-at-rest.mjs';
import { overloadCase } from './cases/overload.mjs';
import { revocationCase } from './cases/revocation.mjs';
import { signInFlowsCase } from './cases/sign-in-flows.mjs';
import { sseDelayCase } from './cases/sse-delay.mjs';
import { longTransferCase, transferCase } from './cases/transfer.mjs';
import { websocketEchoCase } from './cases/websocket-echo.mjs';

/** @typedef {Omit<import('./cases/case.mjs').Plan, 'uploadFile'>} Size */

/** @type {Size} */
export const FULL = {
  seconds: 5,
  bytes: 1_000_000_000,
  longBytes: 10_000_000_000,
  settleMs: 10_000,
  echoes: 3_000,
  events: { streams: 10, seconds: 5, firstBytes: 50 },
  overload: { connections: 1_000, peakSeconds: 3, seconds: 6 },
  apps: [1, 1_000, 10_000],
  connectors: [1, 50, 200],
  idleWebSockets: 10_000,
  evaluations: 50_000,
  revocations: 50,
};

/** Every number of a quick run that another size would change stands in the name of its case. @type {Size} */
export const QUICK = {
  seconds: 1,
  bytes: 100_000_000,
  longBytes: 500_000_000,
  settleMs: 2_000,
  echoes: 300,
  events: { streams: 2, seconds: 1, firstBytes: 10 },
  overload: { connections: 500, peakSeconds: 1, seconds: 2 },
  apps: [1, 100],
  connectors: [1, 5],
  idleWebSockets: 200,
  evaluations: 5_000,
  revocations: 5,
};

const LONG = 'transfer-10gb';

/**
 * Which cases are wanted: some by name, or the usual ones with or without those that take long.
 * @typedef {object} Choice
 * @property {readonly string[]} only beginnings of names; none means all but the slow ones
 * @property {boolean} isAll with the slow ones
 * @property {boolean} isLong with transfers of 10 GB
 */

/**
 * @param {import('./cases/case.mjs').Plan} plan
 * @param {import('./cases/case.mjs').Means} means
 * @param {Choice} choice
 * @returns {import('./cases/case.mjs').Case[]} in the order in which they run
 */
export function listCases(plan, means, { only, isAll, isLong }) {
  const usual = [
    memoryCase('memory-at-rest', 'before', plan),
    oneConnectionCase(plan, means),
    getCase(32, plan, means),
    getCase(256, plan, means),
    websocketEchoCase(plan),
    sseDelayCase(plan),
    transferCase('download', plan),
    transferCase('upload', plan),
    overloadCase(plan),
    decisionLatencyCase(plan, means),
    memoryCase('memory-at-rest-after-load', 'after', plan),
    ...decisionCases(plan, means),
    signInFlowsCase(plan, means),
    revocationCase(plan, means),
  ];
  const slow = [idleWebSocketsCase(plan, means), ...manyConnectorsCases(plan, means), ...manyAppsCases(plan, means)];
  const long = [longTransferCase('download', plan, means), longTransferCase('upload', plan, means)];
  const all = [...usual, ...slow, ...long];
  if (only.length > 0) return all.filter(({ name }) => only.some((beginning) => isOf(name, beginning)));
  return [...usual, ...(isAll ? slow : []), ...(isLong ? long : [])];
}

/**
 * @param {string} name
 * @param {string} beginning whole words of it: `get-1kib-1` is not `get-1kib-128`
 */
function isOf(name, beginning) {
  // A quick run moves less, and says so in the name.
  if (beginning === LONG) return name.startsWith('transfer-');
  return name === beginning || name.startsWith(`${beginning}-`);
}
