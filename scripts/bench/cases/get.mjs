import { runWrk } from '../load.mjs';
import { startChildCpuClock, startCpuClock } from '../processes.mjs';
import { divide } from './case.mjs';

/**
 * Requests per second of a closed loop over kept connections.
 * @param {number} connections
 * @param {import('./case.mjs').Plan} plan
 * @param {import('./case.mjs').Means} means
 * @returns {import('./case.mjs').Case}
 */
export function getCase(connections, plan, means) {
  const name = `get-1kib-${connections}`;
  return {
    name,
    reports: [{ name, unit: 'requests/s' }],
    cpuUnit: 'request',
    when: 'rounds',
    measure: async (target) => {
      const { result, ...rest } = await loadGet(target, { connections, seconds: plan.seconds }, means);
      return { ...rest, values: { [name]: result.requestsPerSecond } };
    },
  };
}

/**
 * One request at a time over one kept connection: what it takes, and what of that the way adds to the origin's own time.
 * @param {import('./case.mjs').Plan} plan
 * @param {import('./case.mjs').Means} means
 * @returns {import('./case.mjs').Case}
 */
export function oneConnectionCase(plan, means) {
  const name = 'get-1kib-1';
  return {
    name,
    reports: [
      { name, unit: 'µs' },
      { name: `${name}-added`, unit: 'µs', addedTo: name },
      { name: `${name}-p99`, unit: 'µs' },
      { name: `${name}-p99-added`, unit: 'µs', addedTo: `${name}-p99` },
    ],
    cpuUnit: 'request',
    when: 'rounds',
    measure: async (target) => {
      const { result, ...rest } = await loadGet(target, { connections: 1, seconds: plan.seconds }, means);
      return { ...rest, values: { [name]: result.p50Us, [`${name}-p99`]: result.p99Us } };
    },
  };
}

/**
 * @param {import('./case.mjs').Target} target
 * @param {{ connections: number, seconds: number, hosts?: readonly string[], isNewClient?: boolean }} load
 * @param {Pick<import('./case.mjs').Means, 'countAnswers' | 'folder'>} means
 */
export async function loadGet({ front, processes }, load, { countAnswers, folder }) {
  const before = await countAnswers();
  const cpu = startCpuClock(processes);
  const loadCpu = startChildCpuClock();
  const result = await runWrk(front, { ...load, folder });
  const spent = { ...cpu(), wrk: loadCpu() };
  const arrived = (await countAnswers()) - before;
  const strange = arrived < result.requests ? `${result.requests} answers, but the origin gave ${arrived}` : undefined;
  return {
    result,
    invalid: result.invalid ?? strange,
    figures: { p50Ms: result.p50Us / 1000, p99Ms: result.p99Us / 1000 },
    errors: result.non2xx + result.socketErrors,
    cpuMicroseconds: divide(spent, result.requests),
  };
}
