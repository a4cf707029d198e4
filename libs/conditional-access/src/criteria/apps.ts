import type { Criterion } from '../criterion.ts';
import { matchOf } from '../three-valued.ts';

/** Which app. It is always known. */
export const apps: Criterion = {
  clause: 'assignments.apps',
  reasons: ['app-in-scope', 'app-out-of-scope'],
  missingReason: 'app-scope-unknown',
  prepare: ({ assignments: { apps: assigned } }) => {
    const included = assigned.include === 'all' ? undefined : new Set<string>(assigned.include);
    const excluded = new Set<string>(assigned.exclude);
    if (included === undefined && excluded.size === 0) return undefined;
    return {
      matches: ({ inputs: { appId } }) => matchOf((included?.has(appId) ?? true) && !excluded.has(appId)),
    };
  },
};
