import { expect } from 'chai';
import { describe, it } from 'mocha';
import { ask, type Expected, results } from '../policy-sets.ts';

describe('the criterion apps', () => {
  const table: [string, unknown, string[], Expected][] = [
    ['all', 'all', [], 'met'],
    ['the app', ['wiki'], [], 'met'],
    ['another app', ['mail'], [], 'unmet'],
    ['all but the app', 'all', ['wiki'], 'unmet'],
    ['all but another app', 'all', ['mail'], 'met'],
    ['the app, excluded', ['wiki'], ['wiki'], 'unmet'],
  ];
  for (const [title, include, exclude, expected] of table) {
    it(`is ${expected}: ${title}`, () => {
      const parts = { assignments: { users: { include: 'all' }, apps: { include, exclude } } };
      const [result, reason] = ask('assignments.apps', parts, {});
      expect(result).to.equal(results[expected]);
      if (expected === 'unmet') expect(reason).to.equal('app-out-of-scope');
    });
  }

  it('says that it is in scope when the policy names apps', () => {
    const parts = { assignments: { users: { include: 'all' }, apps: { include: ['wiki'] } } };
    expect(ask('assignments.apps', parts, {})).to.deep.equal(['blocked', 'app-in-scope']);
  });
});
