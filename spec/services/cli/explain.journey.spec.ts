import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { type DecisionView, userSessionId } from '#libs/contracts';
import { type CliWorld, startCliWorld } from './support.ts';

const DECISION: DecisionView = {
  decisionId: 'dec_1',
  at: '2026-11-22T10:00:00.000Z',
  verdict: 'denied',
  appId: 'app_1',
  appName: 'Wiki',
  sessionId: userSessionId.parse('ses_1'),
  credential: null,
  subject: 'oid-bob',
  username: 'bob@example.com',
  requestId: 'req_1',
  address: '192.0.2.1',
  reasons: ['session-active', 'app-published', 'user-assigned', 'policy-blocked'],
  appRevision: 12,
  policySetRevision: 40,
  challenge: null,
  signOnRefused: null,
  inputs: null,
  policies: [
    {
      policyId: 'no-abroad',
      policyVersion: 3,
      isReportOnly: false,
      result: 'blocked',
      clauses: [{ clause: 'conditions.locations', reason: 'location-in-scope' }],
      name: 'No abroad',
      says: 'blocks it',
      remedy: 'from another network or country',
    },
  ],
  replayed: { verdict: 'denied', reasons: [], isSame: true },
};

describe('sallyport explain', () => {
  let world: CliWorld;
  before(async () => {
    world = await startCliWorld();
  });
  after(() => world.stop());

  const explain = async (change: Partial<DecisionView> = {}, ...more: readonly string[]) => {
    world.answer(({ path }) => (path === 'decisions/dec_1' ? { body: { ...DECISION, ...change } } : undefined));
    return world.run(['explain', 'dec_1', ...more]);
  };

  it('tells who, what and when, and which clause of which policy and version said no', async () => {
    const { code, out } = await explain();
    expect(code).to.equal(0);
    for (const text of [
      'denied (policy-blocked)',
      'Wiki (app_1)',
      'bob@example.com (oid-bob)',
      '2026-11-22T10:00:00.000Z',
      'the same: denied',
      'No abroad (no-abroad, version 3): blocked',
      '  conditions.locations: location-in-scope',
      '  the policy blocks it',
      '  it would be allowed from another network or country',
    ])
      expect(out).to.contain(text);
    expect(out).to.match(/policy set revision +40\n/);
  });

  it('says loudly when the record does not lead to its verdict', async () => {
    const { out } = await explain({ replayed: { verdict: 'granted', reasons: ['policies-passed'], isSame: false } });
    expect(out).to.contain('DIFFERENT: allowed (policies-passed)');
  });

  it('says why no policy was looked at', async () => {
    const reasons = ['session-active', 'app-published', 'user-unassigned'];
    const { out } = await explain({ policies: [], reasons });
    expect(out).to.contain('no policy was looked at: the user is not assigned to the app');
    const unknown = await explain({ policies: [], reasons: ['session-active', 'app-published', 'groups-unknown'] });
    expect(unknown.out).to.contain('the app is assigned to groups, and the identity provider did not list the user’s');
  });

  it('tells who was allowed and not let in all the same', async () => {
    const signOnRefused = { at: '2026-11-22T10:00:01.000Z', reason: 'single-sign-on-refused' };
    const { out } = await explain({ verdict: 'granted', signOnRefused });
    expect(out).to.match(/not let in +single sign-on failed \(single-sign-on-refused\) at 2026-11-22T10:00:01.000Z/);
  });

  it('tells what a user was asked for', async () => {
    const challenge = { contexts: ['c1'], maxAgeMinutes: 15 };
    const { out } = await explain({ verdict: 'challenged', challenge });
    expect(out).to.contain('authentication context c1, a sign-in at most 15 minutes old');
  });

  it('prints the whole record with --json, and no control characters of it without', async () => {
    expect(JSON.parse((await explain({}, '--json')).out)).to.deep.equal(DECISION);
    const [policy] = DECISION.policies;
    if (policy === undefined) throw new Error('no policy');
    const { out } = await explain({ policies: [{ ...policy, name: 'a\u001b[31mb' }] });
    expect(out).not.to.contain('\u001b');
  });
});
