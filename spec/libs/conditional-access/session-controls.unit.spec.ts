import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { AccessInputs } from '#libs/conditional-access';
import { evaluate, HOUR_MS, inputs, MINUTE_MS, policy } from './policy-sets.ts';

const { nowMs } = inputs();
const rules = (session: object, id = 'p') => policy({ id, grant: { kind: 'allow' }, session });

describe('session controls', () => {
  it('combine to the strictest', () => {
    const { session } = evaluate([
      rules({ signInFrequencyMinutes: 600, persistentBrowser: 'never', maxSessionMinutes: 90 }, 'a'),
      rules({ signInFrequencyMinutes: 120, persistentBrowser: 'always', bindToNetwork: true }, 'b'),
      rules({ maxSessionMinutes: 600, bindToNetwork: false }, 'c'),
    ]);
    expect(session).to.deep.equal({
      signInFrequencyMinutes: 120,
      persistentBrowser: 'never',
      maxSessionMinutes: 90,
      bindToNetwork: true,
    });
  });

  it('ask for a newer sign-in when the last is older than their frequency', () => {
    const { verdict, challenge, outcomes } = evaluate([rules({ signInFrequencyMinutes: 60 })]);
    expect(verdict).to.equal('challenge');
    expect(challenge).to.deep.equal({ contexts: [], maxAgeMinutes: 60, needsNewSession: false });
    expect(outcomes[0]?.clauses).to.deep.equal([
      { clause: 'session.signInFrequencyMinutes', reason: 'sign-in-frequency-exceeded' },
    ]);
  });

  it('ask for a new session when this one is too old, however new the sign-in', () => {
    const given = { sessionStartedAtMs: nowMs - 2 * HOUR_MS, authenticatedAtMs: nowMs };
    const { challenge, outcomes } = evaluate([rules({ maxSessionMinutes: 120 })], given);
    expect(challenge).to.deep.equal({ contexts: [], maxAgeMinutes: 0, needsNewSession: true });
    expect(outcomes[0]?.clauses).to.deep.equal([
      { clause: 'session.maxSessionMinutes', reason: 'session-age-exceeded' },
    ]);
  });

  const networks: [string, string, string][] = [
    ['192.0.2.7', '192.0.2.7', 'granted'],
    ['192.0.2.7', '192.0.2.8', 'challenge'],
    ['192.0.2.7', '::ffff:192.0.2.7', 'granted'],
    ['2001:db8:0:1::5', '2001:db8:0:1:9:8:7:6', 'granted'],
    ['2001:db8:0:1::5', '2001:db8:0:2::5', 'challenge'],
    ['2001:db8:0:1::5', '192.0.2.7', 'challenge'],
    ['192.0.2.7', 'nowhere', 'challenge'],
    ['192.0.2.7', 'unknown', 'denied'],
    ['nowhere', '192.0.2.7', 'denied'],
    ['nowhere', 'nowhere', 'denied'],
  ];
  for (const [address, sessionAddress, verdict] of networks) {
    it(`bound to the network: ${verdict} at ${address} for a session that began at ${sessionAddress}`, () => {
      const { outcomes, ...told } = evaluate([rules({ bindToNetwork: true })], { address, sessionAddress });
      expect(told.verdict).to.equal(verdict);
      const reason = { granted: undefined, challenge: 'session-network-changed', denied: 'address-unknown' }[verdict];
      expect(outcomes[0]?.clauses[0]?.reason).to.equal(reason);
    });
  }

  it('hold until the earliest of what ends by itself', () => {
    const given: Partial<AccessInputs> = { authenticatedAtMs: nowMs - 10 * MINUTE_MS };
    const both = [rules({ signInFrequencyMinutes: 60 }, 'a'), rules({ maxSessionMinutes: 90 }, 'b')];
    expect(evaluate(both, given).validUntilMs).to.equal(nowMs + 30 * MINUTE_MS);
    expect(evaluate(both.slice(0, 1), given).validUntilMs).to.equal(nowMs + 50 * MINUTE_MS);
  });

  it('count beside grant controls', () => {
    const both = policy({
      grant: { kind: 'require', operator: 'any', controls: [{ kind: 'authentication-strength', context: 'c1' }] },
      session: { signInFrequencyMinutes: 30 },
    });
    expect(evaluate([both], { authenticationContexts: ['c1'] }).verdict).to.equal('challenge');
    expect(evaluate([both]).challenge).to.deep.equal({ contexts: ['c1'], maxAgeMinutes: 30, needsNewSession: false });
  });
});
