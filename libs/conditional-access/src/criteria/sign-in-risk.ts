import type { Criterion } from '../criterion.ts';
import { oneOf } from './one-of.ts';

/** How risky this sign-in is. */
export const signInRisk: Criterion = {
  clause: 'conditions.signInRisk',
  reasons: ['sign-in-risk-in-scope', 'sign-in-risk-out-of-scope'],
  missingReason: 'sign-in-risk-unknown',
  prepare: ({ conditions }) => oneOf(conditions.signInRisk, ({ inputs }) => inputs.signInRisk),
};
