import { fileURLToPath } from 'node:url';
import { howItEnded, lastWords, runCommand } from '../../bootstrap/run-command.mjs';

/** Of the rate at which the target is saturated. */
const FACTOR = 2;
/** Less of the peak asked for than this is no overload worth the name. */
const MIN_FACTOR = 1.5;
const PEAK_CONNECTIONS = 256;
/** A closed loop before the one that counts: whatever ran before still has an end. */
const SETTLE_SECONDS = 1;
/** Opening the connections and waiting for the last answers. */
const GRACE_MS = 60_000;
const SCRIPT = fileURLToPath(new URL('../loads/open-loop.mjs', import.meta.url));

/**
 * What is left of the peak when twice as much is asked for, by an open loop. The peak is the better of two closed loops,
 * before and after: on a machine with other work a single one may find less than there is, and the bar would be too low.
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
      const closed = { front, connections: PEAK_CONNECTIONS, ratePerSecond: 0 };
      await runLoad({ ...closed, seconds: SETTLE_SECONDS });
      const before = await runLoad({ ...closed, seconds: peakSeconds });
      if (before.okPerSecond === 0) throw new Error('no request was answered before the overload');
      const ratePerSecond = Math.ceil(before.okPerSecond * FACTOR);
      const over = await runLoad({ front, connections, seconds, ratePerSecond });
      const after = await runLoad({ ...closed, seconds: peakSeconds });
      const peak = Math.max(before.okPerSecond, after.okPerSecond);
      const { p50Ms, p99Ms, wireP99Ms, refused, unanswered } = over;
      return {
        values: {
          overload: over.okPerSecond,
          'overload-peak': peak,
          'overload-kept': (over.okPerSecond / peak) * 100,
        },
        invalid: whyOverloadIsInvalid({ peak, ratePerSecond, failed: before.failed }),
        figures: { p50Ms, p99Ms, wireP99Ms, ratePerSecond, refused, unanswered },
        errors: over.failed,
      };
    },
  };
}

/**
 * @param {{ peak: number, ratePerSecond: number, failed: number }} run `failed`: requests of the closed loop before
 * @returns {string | undefined}
 */
export function whyOverloadIsInvalid({ peak, ratePerSecond, failed }) {
  if (failed > 0) return `${failed} requests failed before the overload`;
  const factor = ratePerSecond / peak;
  return factor >= MIN_FACTOR
    ? undefined
    : `asked for ${factor.toFixed(2)} × the peak alone, expected ${MIN_FACTOR} or more`;
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
