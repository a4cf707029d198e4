import { fileURLToPath } from 'node:url';
import { MAX_POLICIES } from '../policies.mjs';
import { unlessSignedIn } from './case.mjs';

const SIZES = [1, 50, MAX_POLICIES];
const WARM_UP = 5_000;
const LIMIT_MS = 60_000;
const SCRIPT = fileURLToPath(new URL('../loads/evaluate-policies.mjs', import.meta.url));

/**
 * What it takes to evaluate a policy set, in one process of its own, without network: each evaluation is timed by itself, with
 * another moment and address.
 * @param {import('./case.mjs').Plan} plan
 * @param {import('./case.mjs').Means} means
 * @returns {import('./case.mjs').Case}
 */
export function decisionLatencyCase({ evaluations }, { children }) {
  const name = 'decision-latency';
  return {
    name,
    reports: SIZES.flatMap((size) => [
      { name: `${name}-${size}`, unit: 'µs' },
      { name: `${name}-${size}-p99`, unit: 'µs' },
    ]),
    cpuUnit: '',
    when: 'rounds',
    whyNot: unlessSignedIn,
    measure: async () => {
      const input = JSON.stringify({ sizes: SIZES, evaluations, warmUp: WARM_UP });
      const child = children.start('evaluation of policies', process.execPath, [SCRIPT, input]);
      try {
        /** @type {{ sizes: { policies: number, p50Us: number, p99Us: number, applied: number }[] }} */
        const { sizes } = JSON.parse(await child.untilLine(/"event":"measured"/, LIMIT_MS));
        const values = sizes.flatMap(({ policies, p50Us, p99Us }) => [
          [`${name}-${policies}`, p50Us],
          [`${name}-${policies}-p99`, p99Us],
        ]);
        const figures = sizes.map(({ policies, applied }) => [`appliedOf${policies}`, applied]);
        return { values: Object.fromEntries(values), figures: Object.fromEntries(figures) };
      } finally {
        await child.stop();
      }
    },
  };
}
