import { expect } from 'chai';
import { describe, it } from 'mocha';
import { describeRefusal, type PolicyOutcome } from '#libs/conditional-access';
import { type AccessPolicy, accessPolicy, type PolicySetState } from '#libs/contracts';

function setOf(change: object): PolicySetState {
  const document: AccessPolicy = accessPolicy.parse({
    id: 'p',
    name: 'The policy',
    state: 'on',
    assignments: { users: { include: 'all' }, apps: { include: 'all' } },
    grant: { kind: 'block' },
    ...change,
  });
  return { changes: 1, policies: [{ version: 1, document }], locations: [] };
}
const outcome = (result: PolicyOutcome['result'], ...clauses: string[]): PolicyOutcome => ({
  policyId: 'p',
  policyVersion: 1,
  isReportOnly: false,
  result,
  clauses: clauses.map((clause) => ({ clause, reason: 'reason' })),
});
const require = (operator: 'all' | 'any') => ({
  grant: {
    kind: 'require',
    operator,
    controls: [
      { kind: 'authentication-strength', context: 'c2' },
      { kind: 'compliant-device' },
      { kind: 'reauthentication', maxAgeMinutes: 30 },
    ],
  },
});
const CONTROLS = ['grant.controls.0', 'grant.controls.1', 'grant.controls.2'];
const WANTED = [
  'a sign-in with authentication context c2',
  'a device that is marked as compliant',
  'a sign-in that is at most 30 minutes old',
];

describe('words of a refusal', () => {
  for (const [what, change, said, says, remedy] of [
    [
      'a block of everything',
      {},
      outcome('blocked', 'grant'),
      'blocks it',
      'by an exception that an administrator makes',
    ],
    [
      'a block under conditions',
      { conditions: { locations: { include: ['office'] }, platforms: { include: ['ios'] } } },
      outcome('blocked', 'grant', 'conditions.locations', 'conditions.platforms'),
      'blocks it',
      'from another network or country or from another platform',
    ],
    [
      'one of several controls',
      require('all'),
      outcome('unsatisfied', 'grant.controls.1'),
      `asks for ${WANTED[1]}`,
      `with ${WANTED[1]}`,
    ],
    [
      'all of several controls',
      require('all'),
      outcome('unsatisfied', ...CONTROLS),
      `asks for ${WANTED[0]}, ${WANTED[1]}, and ${WANTED[2]}`,
      `with ${WANTED[0]}, ${WANTED[1]}, and ${WANTED[2]}`,
    ],
    [
      'any of several controls',
      require('any'),
      outcome('unsatisfied', ...CONTROLS),
      `asks for ${WANTED[0]}, ${WANTED[1]}, or ${WANTED[2]}`,
      `with ${WANTED[0]}, ${WANTED[1]}, or ${WANTED[2]}`,
    ],
    [
      'any of several controls and the sign-in frequency',
      { ...require('any'), session: { signInFrequencyMinutes: 5 } },
      outcome('unsatisfied', 'grant.controls.0', 'grant.controls.1', 'session.signInFrequencyMinutes'),
      `asks for either ${WANTED[0]} or ${WANTED[1]}, and a sign-in that is at most 5 minutes old`,
      `with either ${WANTED[0]} or ${WANTED[1]}, and a sign-in that is at most 5 minutes old`,
    ],
    [
      'the sign-in frequency beside any of several controls, one of which is there',
      { ...require('any'), session: { signInFrequencyMinutes: 5 } },
      outcome('unsatisfied', 'session.signInFrequencyMinutes'),
      'asks for a sign-in that is at most 5 minutes old',
      'with a sign-in that is at most 5 minutes old',
    ],
    [
      'session controls',
      {
        grant: { kind: 'allow' },
        session: { signInFrequencyMinutes: 60, maxSessionMinutes: 480, bindToNetwork: true },
      },
      outcome('unsatisfied', 'session.signInFrequencyMinutes', 'session.maxSessionMinutes', 'session.bindToNetwork'),
      'asks for a sign-in that is at most 60 minutes old, a session that is at most 480 minutes old, and the network that the session began in',
      'with a sign-in that is at most 60 minutes old, a session that is at most 480 minutes old, and the network that the session began in',
    ],
    [
      'inputs that are unknown',
      require('all'),
      outcome('input-missing', 'conditions.signInRisk', 'grant.controls.1'),
      'needs to know the risk of your sign-in and the state of your device, and that is not known',
      'once that is known, if the policy then lets it pass',
    ],
    [
      'a network that nobody knows, as with a token',
      { session: { bindToNetwork: true } },
      outcome('input-missing', 'session.bindToNetwork'),
      'needs to know the network that the session began in, and that is not known',
      'once that is known, if the policy then lets it pass',
    ],
    [
      'a clause that has no words',
      {},
      outcome('input-missing', 'conditions.new'),
      'needs to know what conditions.new asks for, and that is not known',
      'once that is known, if the policy then lets it pass',
    ],
  ] as const) {
    it(`tell ${what}`, () => {
      expect(describeRefusal(setOf(change), said)).to.deep.equal({ policyName: 'The policy', says, remedy });
    });
  }

  it('name a policy that is gone by its id', () => {
    const words = describeRefusal({ changes: 0, policies: [], locations: [] }, outcome('blocked', 'grant'));
    expect(words).to.include({ policyName: 'p', says: 'refuses it' });
  });

  it('are none where nothing was refused', () => {
    for (const result of ['satisfied', 'not-applied'] as const)
      expect(describeRefusal(setOf({}), outcome(result))).to.equal(undefined);
  });
});
