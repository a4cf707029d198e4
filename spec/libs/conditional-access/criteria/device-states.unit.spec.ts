import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { AccessInputs } from '#libs/conditional-access';
import { ask, type Expected, results } from '../policy-sets.ts';

const reasons = { met: 'device-state-in-scope', unmet: 'device-state-out-of-scope', missing: 'device-state-unknown' };

describe('the criterion device-states', () => {
  const table: [unknown, Partial<AccessInputs>, Expected][] = [
    [['compliant'], { deviceStates: ['compliant'] }, 'met'],
    [['compliant', 'joined'], { deviceStates: ['joined', 'flagged'] }, 'met'],
    [['compliant'], { deviceStates: ['unregistered'] }, 'unmet'],
    [['unregistered'], { deviceStates: [] }, 'unmet'],
    [['flagged'], { deviceStates: null }, 'missing'],
  ];
  for (const [wanted, given, expected] of table) {
    it(`is ${expected}: ${JSON.stringify(wanted)} asked of ${JSON.stringify(given)}`, () => {
      const [result, reason] = ask('conditions.deviceStates', { conditions: { deviceStates: wanted } }, given);
      expect(result).to.equal(results[expected]);
      expect(reason).to.equal(reasons[expected]);
    });
  }
});
