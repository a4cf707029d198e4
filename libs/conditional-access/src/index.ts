export type { AccessInputs } from './access-inputs.ts';
export { type CompiledPolicySet, compilePolicySet } from './compile-policy-set.ts';
export {
  type AppOfDecision,
  type Assignment,
  assignmentOf,
  type DecisionByInputs,
  decideByInputs,
  groupsThatCount,
  rolesThatCount,
} from './decide-by-inputs.ts';
export { describeRefusal, type RefusalWords } from './describe-refusal.ts';
export { comparableId } from './directory-id.ts';
export { evaluatePolicies, explainPolicies, locationsOf } from './evaluate-policies.ts';
export type {
  AccessChallenge,
  ClauseOutcome,
  PolicyEvaluation,
  PolicyOutcome,
  SessionRules,
} from './evaluation.ts';
export { findContradictions } from './find-contradictions.ts';
export { findPitfalls } from './find-pitfalls.ts';
export { type Address, addressOfOtherFamily, parseAddress, textOfAddress } from './locations/address.ts';
export { type LockoutAssumptions, locksOutAdministrators } from './lockout/locks-out-administrators.ts';
