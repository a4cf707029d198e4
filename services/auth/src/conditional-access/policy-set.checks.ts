import type { PolicySetChecks } from './policy-set.api.ts';

/** None yet: they come with the evaluation of libs/conditional-access. */
export function createPolicySetChecks(): PolicySetChecks {
  return { findLockout: () => [], findContradictions: () => [] };
}
