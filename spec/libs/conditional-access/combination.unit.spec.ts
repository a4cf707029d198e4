import { expect } from 'chai';
import { describe, it } from 'mocha';
import { compilePolicySet, explainPolicies } from '#libs/conditional-access';
import { evaluate, inputs, location, policy, policySetOf } from './policy-sets.ts';

const strength = (context: string) => ({ kind: 'authentication-strength', context });
const requires = (id: string, operator: string, ...controls: object[]) =>
  policy({ id, grant: { kind: 'require', operator, controls } });
const block = (id: string, parts: object = {}) => policy({ id, ...parts });
const recent = (maxAgeMinutes: number) => ({ kind: 'reauthentication', maxAgeMinutes });
const device = { kind: 'compliant-device' };

describe('policies together', () => {
  it('grant when there is none, and say that it holds', () => {
    expect(evaluate([])).to.deep.equal({
      verdict: 'granted',
      challenge: undefined,
      outcomes: [],
      session: {
        signInFrequencyMinutes: undefined,
        persistentBrowser: undefined,
        maxSessionMinutes: undefined,
        bindToNetwork: false,
      },
      validUntilMs: undefined,
    });
  });

  it('grant when none applies, and do not record those', () => {
    const { verdict, outcomes } = evaluate([block('a', { conditions: { clientKinds: ['native'] } })]);
    expect({ verdict, outcomes }).to.deep.equal({ verdict: 'granted', outcomes: [] });
  });

  it('deny when one blocks, whatever the others would ask for', () => {
    const { verdict, challenge, outcomes } = evaluate([requires('a', 'all', strength('c1')), block('b')]);
    expect({ verdict, challenge }).to.deep.equal({ verdict: 'denied', challenge: undefined });
    expect(outcomes.map(({ policyId, result }) => [policyId, result])).to.deep.equal([
      ['b', 'blocked'],
      ['a', 'unsatisfied'],
    ]);
  });

  it('name what brought a block about', () => {
    const office = block('a', { conditions: { locations: { include: ['office'] }, userRisk: ['none'] } });
    expect(evaluate([office], {}, [location()]).outcomes[0]?.clauses).to.deep.equal([
      { clause: 'grant', reason: 'blocked-by-policy' },
      { clause: 'assignments.users', reason: 'user-in-scope' },
      { clause: 'conditions.userRisk', reason: 'user-risk-in-scope' },
      { clause: 'conditions.locations', reason: 'location-in-scope' },
    ]);
  });

  it('deny when an input is missing, whatever the policy grants', () => {
    for (const grant of [{ kind: 'block' }, { kind: 'allow' }, { kind: 'require', controls: [strength('c1')] }]) {
      const asked = policy({ grant, conditions: { signInRisk: ['high'] } });
      const { verdict, outcomes } = evaluate([asked], { signInRisk: null, authenticationContexts: ['c1'] });
      expect(verdict).to.equal('denied');
      expect(outcomes[0]).to.deep.include({
        result: 'input-missing',
        clauses: [{ clause: 'conditions.signInRisk', reason: 'sign-in-risk-unknown' }],
      });
    }
  });

  it('do not miss an input of a policy that does not apply anyway', () => {
    const asked = policy({ conditions: { signInRisk: ['high'], clientKinds: ['native'] } });
    expect(evaluate([asked], { signInRisk: null }).verdict).to.equal('granted');
  });

  it('ask for everything at once: all contexts, and the newest sign-in any wants', () => {
    const { challenge } = evaluate([
      requires('a', 'all', strength('c9'), recent(50)),
      requires('b', 'all', strength('c1'), recent(20)),
      requires('c', 'all', strength('c9'), recent(600)),
    ]);
    expect(challenge).to.deep.equal({ contexts: ['c1', 'c9'], maxAgeMinutes: 20, needsNewSession: false });
  });

  it('prefer the alternative that is needed anyway', () => {
    const { challenge } = evaluate([
      requires('a', 'any', strength('c1'), strength('c2')),
      requires('b', 'all', strength('c2')),
      requires('c', 'any', strength('c3'), recent(10)),
      requires('d', 'all', recent(30)),
    ]);
    expect(challenge).to.deep.equal({ contexts: ['c2'], maxAgeMinutes: 30, needsNewSession: false });
  });

  it('record what a policy on trial would have said, last, and do not obey it', () => {
    const { verdict, session, validUntilMs, outcomes } = evaluate(
      [block('a', { state: 'report-only', session: { bindToNetwork: true } }), requires('b', 'all', strength('c1'))],
      { authenticationContexts: ['c1'] },
    );
    expect({ verdict, isBound: session.bindToNetwork, validUntilMs }).to.deep.equal({
      verdict: 'granted',
      isBound: false,
      validUntilMs: undefined,
    });
    expect(outcomes.map(({ policyId, isReportOnly, result }) => [policyId, isReportOnly, result])).to.deep.equal([
      ['b', false, 'satisfied'],
      ['a', true, 'blocked'],
    ]);
  });

  it('do not look at those that are off', () => {
    expect(evaluate([block('a', { state: 'off' })])).to.deep.include({ verdict: 'granted', outcomes: [] });
  });

  it('name the version of each policy', () => {
    const set = policySetOf([block('a'), block('b'), block('a', { name: 'again' })]);
    const told = explainPolicies(compilePolicySet(set), inputs());
    expect(told.map(({ policyId, policyVersion }) => [policyId, policyVersion])).to.deep.equal([
      ['a', 3],
      ['b', 2],
    ]);
  });

  it('explain those that did not apply, with all that took them out', () => {
    const out = block('a', { conditions: { clientKinds: ['native'], userRisk: ['high'], signInRisk: ['none'] } });
    expect(explainPolicies(compilePolicySet(policySetOf([out])), inputs())).to.deep.equal([
      {
        policyId: 'a',
        policyVersion: 1,
        isReportOnly: false,
        result: 'not-applied',
        clauses: [
          { clause: 'conditions.clientKinds', reason: 'client-kind-out-of-scope' },
          { clause: 'conditions.userRisk', reason: 'user-risk-out-of-scope' },
        ],
      },
    ]);
  });

  it('deny, not challenge, when one of two is out of reach', () => {
    const { verdict, outcomes } = evaluate([requires('a', 'all', strength('c1')), requires('b', 'all', device)]);
    expect(verdict).to.equal('denied');
    expect(outcomes.map(({ result }) => result)).to.deep.equal(['unsatisfied', 'unsatisfied']);
  });
});
