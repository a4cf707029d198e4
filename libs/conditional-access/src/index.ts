export type { AccessInputs } from './access-inputs.ts';
export type {
  AccessChallenge,
  ClauseOutcome,
  PolicyEvaluation,
  PolicyOutcome,
  SessionRules,
} from './evaluation.ts';
