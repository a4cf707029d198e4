import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { AccessInputs } from '#libs/conditional-access';
import { ask, type Expected, results } from '../policy-sets.ts';

const reasons = { met: 'client-kind-in-scope', unmet: 'client-kind-out-of-scope', missing: 'client-kind-unknown' };

describe('the criterion client-kinds', () => {
  const table: [unknown, Partial<AccessInputs>, Expected][] = [
    [['browser'], { clientKind: 'browser' }, 'met'],
    [['native'], { clientKind: 'browser' }, 'unmet'],
    [['browser', 'native'], { clientKind: 'native' }, 'met'],
    [['browser', 'native'], { clientKind: null }, 'missing'],
  ];
  for (const [wanted, given, expected] of table) {
    it(`is ${expected}: ${JSON.stringify(wanted)} asked of ${JSON.stringify(given)}`, () => {
      const [result, reason] = ask('conditions.clientKinds', { conditions: { clientKinds: wanted } }, given);
      expect(result).to.equal(results[expected]);
      expect(reason).to.equal(reasons[expected]);
    });
  }
});
