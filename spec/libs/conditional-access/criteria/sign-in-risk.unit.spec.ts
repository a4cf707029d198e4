import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { AccessInputs } from '#libs/conditional-access';
import { ask, type Expected, results } from '../policy-sets.ts';

const reasons = { met: 'sign-in-risk-in-scope', unmet: 'sign-in-risk-out-of-scope', missing: 'sign-in-risk-unknown' };

describe('the criterion sign-in-risk', () => {
  const table: [unknown, Partial<AccessInputs>, Expected][] = [
    [['high'], { signInRisk: 'high' }, 'met'],
    [['medium', 'high'], { signInRisk: 'low' }, 'unmet'],
    [['none'], { signInRisk: 'none' }, 'met'],
    [['high'], { signInRisk: null }, 'missing'],
    [['high'], { signInRisk: 'none', userRisk: 'high' }, 'unmet'],
  ];
  for (const [wanted, given, expected] of table) {
    it(`is ${expected}: ${JSON.stringify(wanted)} asked of ${JSON.stringify(given)}`, () => {
      const [result, reason] = ask('conditions.signInRisk', { conditions: { signInRisk: wanted } }, given);
      expect(result).to.equal(results[expected]);
      expect(reason).to.equal(reasons[expected]);
    });
  }
});
