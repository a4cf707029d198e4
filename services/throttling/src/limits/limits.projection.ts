import { evolveLimit, initialLimitState, type LimitState, limitAggregate } from '#libs/contracts';
import { factsOf, type Projection } from '#libs/events';

export type LimitEntry = LimitState & { readonly revision: number };

/** Limits that were ever set or exceeded, by scope (`tenant` or an app's id). */
export type LimitsView = ReadonlyMap<string, LimitEntry>;

export function limitsProjection(tenant: string): Projection<LimitsView> {
  return {
    name: 'limits',
    version: 1,
    filters: [{ tenant, context: limitAggregate.context, thing: limitAggregate.thing }],
    initial: () => new Map(),
    project: (view, commit) => {
      const before: LimitState = view.get(commit.id) ?? initialLimitState;
      const after = factsOf(limitAggregate, commit).reduce(evolveLimit, before);
      return new Map(view).set(commit.id, { ...after, revision: commit.position });
    },
  };
}
