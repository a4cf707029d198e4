import { expect } from 'chai';
import { beforeEach, describe, it } from 'mocha';
import { RecentSignOuts } from '../../../../services/auth/src/provider-logout/recent-sign-outs.ts';

const ISSUER = 'https://idp.example';
const TOLD = Date.parse('2026-11-22T11:00:00Z');
const ada = { providerSessionId: 'sid-1', providerSubject: 'sub-ada', authenticatedAtMs: TOLD - 3_600_000 };
const ofSession = { issuer: ISSUER, sessionId: 'sid-1', subject: 'sub-ada', issuedAtMs: TOLD };

describe('recent sign-outs at identity providers', () => {
  let signOuts: RecentSignOuts;
  beforeEach(() => {
    signOuts = new RecentSignOuts(() => TOLD, 2);
  });
  const isSignedOut = (change: Partial<typeof ada> | object = {}, begunAtMs = TOLD - 1_000, issuer = ISSUER) =>
    signOuts.isSignedOut(issuer, { ...ada, ...change }, begunAtMs);

  it('stop sign-ins that had begun, of that session alone', () => {
    signOuts.add(ofSession, true);
    expect(isSignedOut()).to.equal(true);
    expect(isSignedOut({ authenticatedAtMs: null }), 'nobody says when').to.equal(true);
    expect(isSignedOut({ providerSessionId: 'sid-2' })).to.equal(false);
    expect(isSignedOut({ providerSessionId: null })).to.equal(false);
    expect(isSignedOut({}, TOLD - 1_000, 'https://other.example')).to.equal(false);
  });

  it('of a person stop all of that person', () => {
    signOuts.add({ ...ofSession, sessionId: null }, true);
    expect(isSignedOut({ providerSessionId: 'sid-2' })).to.equal(true);
    expect(isSignedOut({ providerSubject: 'sub-bob' })).to.equal(false);
  });

  it('stop nobody who began later, or signed in anew since', () => {
    signOuts.add(ofSession, true);
    expect(isSignedOut({}, TOLD + 1)).to.equal(false);
    expect(isSignedOut({ authenticatedAtMs: TOLD + 1_000 })).to.equal(false);
  });

  it('that anybody may claim push out none that were proven', () => {
    signOuts.add(ofSession, true);
    for (let index = 0; index < 5; index += 1) signOuts.add({ ...ofSession, sessionId: `made-up-${index}` }, false);
    expect(isSignedOut()).to.equal(true);
    expect(isSignedOut({ providerSessionId: 'made-up-0' }), 'beyond the bound').to.equal(false);
  });
});
