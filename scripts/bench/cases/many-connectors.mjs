import { ManyConnectors } from '../connectors/many-connectors.mjs';
import { requestCostCase } from './request-cost.mjs';

/**
 * What a request costs with ever more connectors linked to the hub.
 * @param {import('./case.mjs').Plan} plan
 * @param {import('./case.mjs').Means} means
 * @returns {import('./case.mjs').Case[]}
 */
export function manyConnectorsCases(plan, means) {
  const connectors = new ManyConnectors(means);
  return plan.connectors.map((count, index) =>
    requestCostCase({
      name: `many-connectors-${count}`,
      plan,
      means,
      prepare: () => connectors.linkUpTo(count),
      check: () => connectors.whyNotOnline(count),
      ...(index === plan.connectors.length - 1 ? { finish: () => connectors.stop() } : {}),
    }),
  );
}
