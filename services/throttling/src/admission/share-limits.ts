/** What one ingress was asked for one scope, in requests per second. */
export type Demand = { readonly ingressId: string; readonly scope: string; readonly perSecond: number };
export type Share = { readonly ingressId: string; readonly scope: string; readonly requestsPerSecond: number };

/**
 * Divides each scope's limit among the ingresses that are asked for it, max-min fair: nobody gets less than an equal part
 * unless it asks for less, and what the modest leave goes to the others. What nobody asks for is divided equally, so that
 * a burst at any ingress is met at once. Shares of a scope add up to its limit.
 */
export function shareLimits(
  demands: readonly Demand[],
  ingressIds: readonly string[],
  limitOf: (scope: string) => number,
): readonly Share[] {
  const byScope = new Map<string, Demand[]>();
  for (const demand of demands) byScope.set(demand.scope, [...(byScope.get(demand.scope) ?? []), demand]);
  return [...byScope].flatMap(([scope, asked]) => shareOne(scope, asked, ingressIds, limitOf(scope)));
}

function shareOne(
  scope: string,
  asked: readonly Demand[],
  ingressIds: readonly string[],
  limit: number,
): readonly Share[] {
  const wanted = new Map(ingressIds.map((ingressId) => [ingressId, 0]));
  for (const demand of asked) {
    if (wanted.has(demand.ingressId)) wanted.set(demand.ingressId, demand.perSecond);
  }
  const granted = new Map<string, number>();
  let left = limit;
  const modestFirst = [...wanted].sort(([, a], [, b]) => a - b);
  modestFirst.forEach(([ingressId, perSecond], index) => {
    const grant = Math.min(perSecond, left / (modestFirst.length - index));
    granted.set(ingressId, grant);
    left -= grant;
  });
  const spare = left / Math.max(1, granted.size);
  return [...granted].map(([ingressId, grant]) => ({ ingressId, scope, requestsPerSecond: grant + spare }));
}
