import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { AccessInputs } from '#libs/conditional-access';
import { ask, type Expected, results } from '../policy-sets.ts';

const reasons = { met: 'user-risk-in-scope', unmet: 'user-risk-out-of-scope', missing: 'user-risk-unknown' };

describe('the criterion user-risk', () => {
  const table: [unknown, Partial<AccessInputs>, Expected][] = [
    [['high'], { userRisk: 'high' }, 'met'],
    [['medium', 'high'], { userRisk: 'low' }, 'unmet'],
    [['none'], { userRisk: 'none' }, 'met'],
    [['high'], { userRisk: null }, 'missing'],
    [['high'], { userRisk: 'none', signInRisk: 'high' }, 'unmet'],
  ];
  for (const [wanted, given, expected] of table) {
    it(`is ${expected}: ${JSON.stringify(wanted)} asked of ${JSON.stringify(given)}`, () => {
      const [result, reason] = ask('conditions.userRisk', { conditions: { userRisk: wanted } }, given);
      expect(result).to.equal(results[expected]);
      expect(reason).to.equal(reasons[expected]);
    });
  }
});
