import type { Criterion } from '../criterion.ts';
import { oneOf } from './one-of.ts';

/** Browser or native client. */
export const clientKinds: Criterion = {
  clause: 'conditions.clientKinds',
  reasons: ['client-kind-in-scope', 'client-kind-out-of-scope'],
  missingReason: 'client-kind-unknown',
  prepare: ({ conditions }) => oneOf(conditions.clientKinds, ({ inputs }) => inputs.clientKind),
};
