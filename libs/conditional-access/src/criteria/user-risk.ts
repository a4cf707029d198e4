import type { Criterion } from '../criterion.ts';
import { oneOf } from './one-of.ts';

/** How likely it is that somebody else acts as this user. */
export const userRisk: Criterion = {
  clause: 'conditions.userRisk',
  reasons: ['user-risk-in-scope', 'user-risk-out-of-scope'],
  missingReason: 'user-risk-unknown',
  prepare: ({ conditions }) => oneOf(conditions.userRisk, ({ inputs }) => inputs.userRisk),
};
