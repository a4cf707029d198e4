import { publishUpTo } from '../many-apps.mjs';
import { requestCostCase } from './request-cost.mjs';

/**
 * What a request costs with ever more published apps.
 * @param {import('./case.mjs').Plan} plan
 * @param {import('./case.mjs').Means} means
 * @returns {import('./case.mjs').Case[]}
 */
export function manyAppsCases(plan, means) {
  return plan.apps.map((apps) =>
    requestCostCase({
      name: `many-apps-${apps}`,
      plan,
      means,
      prepare: () => publishUpTo(apps, means),
    }),
  );
}
