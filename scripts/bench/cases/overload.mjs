import { fileURLToPath } from 'node:url';
import { howItEnded, lastWords, runCommand } from '../../bootstrap/run-command.mjs';

/** Of the rate at which the target is saturated. */
const FACTOR = 2;
const PEAK_CONNECTIONS = 256;
/** Opening the connections and waiting for the last answers. */
const GRACE_MS = 60_000;
const SCRIPT = fileURLToPath(new URL('../loads/open-loop.mjs', import.meta.url));

/**
 * What is left of the peak when twice as much is asked for, by an open loop.
 * @param {import('./case.mjs').Plan} plan
 * @returns {import('./case.mjs').Case}
 */
export function overloadCase({ overload: { connections, peakSeconds, seconds } }) {
  return {
    name: 'overload',
    reports: [
      { name: 'overload', unit: 'requests/s' },
      { name: 'overload-peak', unit: 'requests/s' },
      { name: 'overload-kept', unit: '%' },
    ],
    cpuUnit: '',
    when: 'rounds',
    whyNot: (target) => (target === 'direct' ? 'the origin alone outruns the generator of the load' : undefined),
    measure: async ({ front }) => {
      const closed = { front, connections: PEAK_CONNECTIONS, seconds: peakSeconds, ratePerSecond: 0 };
      const peak = await runLoad(closed);
      if (peak.okPerSecond === 0) throw new Error('no request was answered before the overload');
      const ratePerSecond = Math.ceil(peak.okPerSecond * FACTOR);
      const over = await runLoad({ front, connections, seconds, ratePerSecond });
      const { p50Ms, p99Ms, wireP99Ms, refused, unanswered } = over;
      return {
        values: {
          overload: over.okPerSecond,
          'overload-peak': peak.okPerSecond,
          'overload-kept': (over.okPerSecond / peak.okPerSecond) * 100,
        },
        // Refusals are an answer to overload; an error is none.
        invalid: peak.failed > 0 ? `${peak.failed} requests failed before the overload` : undefined,
        figures: { p50Ms, p99Ms, wireP99Ms, ratePerSecond, refused, unanswered },
        errors: over.failed,
      };
    },
  };
}

/**
 * @param {import('../loads/open-loop.mjs').LoadOrder} order
 * @returns {Promise<import('../loads/open-loop.mjs').LoadResult>}
 */
async function runLoad(order) {
  const timeoutMs = order.seconds * 1000 + GRACE_MS;
  const run = await runCommand(process.execPath, [SCRIPT, JSON.stringify(order)], { timeoutMs });
  if (run.code !== 0) throw new Error(`the load ${howItEnded(run, timeoutMs)}: ${lastWords(run)}`);
  return JSON.parse(run.stdout);
}
