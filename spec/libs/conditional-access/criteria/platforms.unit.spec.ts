import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { AccessInputs } from '#libs/conditional-access';
import { ask, type Expected, results } from '../policy-sets.ts';

const reasons = { met: 'platform-in-scope', unmet: 'platform-out-of-scope', missing: 'platform-unknown' };

describe('the criterion platforms', () => {
  const table: [unknown, Partial<AccessInputs>, Expected][] = [
    [{ include: 'all' }, { platform: 'ios' }, 'met'],
    [{ include: 'all' }, { platform: null }, 'met'],
    [{ include: 'all', exclude: ['ios'] }, { platform: 'ios' }, 'unmet'],
    [{ include: 'all', exclude: ['ios'] }, { platform: 'linux' }, 'met'],
    [{ include: 'all', exclude: ['ios'] }, { platform: null }, 'missing'],
    [{ include: ['linux', 'macos'] }, { platform: 'macos' }, 'met'],
    [{ include: ['linux'] }, { platform: 'macos' }, 'unmet'],
    [{ include: ['linux'] }, { platform: null }, 'missing'],
    [{ include: ['linux'], exclude: ['linux'] }, { platform: 'linux' }, 'unmet'],
  ];
  for (const [wanted, given, expected] of table) {
    it(`is ${expected}: ${JSON.stringify(wanted)} asked of ${JSON.stringify(given)}`, () => {
      const [result, reason] = ask('conditions.platforms', { conditions: { platforms: wanted } }, given);
      expect(result).to.equal(results[expected]);
      expect(reason).to.equal(reasons[expected]);
    });
  }
});
