import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { AccessInputs } from '#libs/conditional-access';
import { evaluate, HOUR_MS, inputs, MINUTE_MS, policy } from './policy-sets.ts';

const { nowMs } = inputs();
const strength = (context: string) => ({ kind: 'authentication-strength', context });
const device = { kind: 'compliant-device' };
const recent = (maxAgeMinutes: number) => ({ kind: 'reauthentication', maxAgeMinutes });
const requires = (...controls: object[]) => policy({ grant: { kind: 'require', controls } });
const requiresAny = (...controls: object[]) => policy({ grant: { kind: 'require', operator: 'any', controls } });

function told(given: ReturnType<typeof policy>, about: Partial<AccessInputs> = {}) {
  const { verdict, challenge, outcomes } = evaluate([given], about);
  return { verdict, challenge, result: outcomes[0]?.result, reasons: outcomes[0]?.clauses.map(({ reason }) => reason) };
}
const asks = (contexts: string[], maxAgeMinutes?: number) => ({ contexts, maxAgeMinutes, needsNewSession: false });

describe('the control authentication strength', () => {
  it('holds when the identity provider vouched for the context', () => {
    expect(told(requires(strength('c2')), { authenticationContexts: ['c1', 'c2'] })).to.include({ verdict: 'granted' });
  });

  it('asks for the context that is missing, and for no other', () => {
    expect(told(requires(strength('c1'), strength('c2')), { authenticationContexts: ['c1'] })).to.deep.equal({
      verdict: 'challenge',
      challenge: asks(['c2']),
      result: 'unsatisfied',
      reasons: ['authentication-strength-insufficient'],
    });
  });

  it('is not met by a context whose name only begins the same', () => {
    expect(told(requires(strength('c1')), { authenticationContexts: ['c11', 'C1', 'c1 '] }).verdict).to.equal(
      'challenge',
    );
  });
});

describe('the control compliant device', () => {
  const table: [Partial<AccessInputs>, string, string, string[]][] = [
    [{ deviceStates: ['joined', 'compliant'] }, 'granted', 'satisfied', []],
    [{ deviceStates: ['joined'] }, 'denied', 'unsatisfied', ['device-not-compliant']],
    [{ deviceStates: [] }, 'denied', 'unsatisfied', ['device-not-compliant']],
    [{ deviceStates: null }, 'denied', 'input-missing', ['device-state-unknown']],
  ];
  for (const [given, verdict, result, reasons] of table) {
    it(`is ${verdict} with ${JSON.stringify(given)}`, () => {
      expect(told(requires(device), given)).to.deep.equal({ verdict, challenge: undefined, result, reasons });
    });
  }
});

describe('the control reauthentication', () => {
  const table: [string, number, 'granted' | 'challenge'][] = [
    ['just now', nowMs, 'granted'],
    ['a moment less than 30 minutes ago', nowMs - 30 * MINUTE_MS + 1, 'granted'],
    ['30 minutes ago', nowMs - 30 * MINUTE_MS, 'challenge'],
    ['a little ahead, by the clock of the provider', nowMs + 5 * MINUTE_MS, 'granted'],
    ['further ahead than clocks differ', nowMs + 5 * MINUTE_MS + 1, 'challenge'],
    ['never', Number.NEGATIVE_INFINITY, 'challenge'],
    ['at no instant', Number.NaN, 'challenge'],
    ['in eternity', Number.POSITIVE_INFINITY, 'challenge'],
  ];
  for (const [title, authenticatedAtMs, verdict] of table) {
    it(`is ${verdict} after a sign-in ${title}`, () => {
      const answer = told(requires(recent(30)), { authenticatedAtMs });
      expect(answer.verdict).to.equal(verdict);
      if (verdict === 'challenge')
        expect(answer).to.deep.include({ challenge: asks([], 30), reasons: ['sign-in-too-old'] });
    });
  }

  it('tells when the sign-in becomes too old', () => {
    const { validUntilMs } = evaluate([requires(recent(90))], { authenticatedAtMs: nowMs - HOUR_MS });
    expect(validUntilMs).to.equal(nowMs + 30 * MINUTE_MS);
  });
});

describe('controls that are combined', () => {
  it('must all hold by default', () => {
    const given = requires(strength('c1'), recent(30), device);
    expect(told(given, { deviceStates: ['compliant'] })).to.deep.include({
      verdict: 'challenge',
      challenge: asks(['c1'], 30),
      reasons: ['authentication-strength-insufficient', 'sign-in-too-old'],
    });
  });

  it('deny when one of them is out of reach, whatever the user could do about the others', () => {
    expect(told(requires(strength('c1'), device))).to.deep.include({ verdict: 'denied', challenge: undefined });
  });

  it('deny as missing when what one needs is unknown', () => {
    expect(told(requires(strength('c1'), device), { deviceStates: null }).result).to.equal('input-missing');
  });

  it('are content with any', () => {
    expect(told(requiresAny(strength('c1'), device), { deviceStates: ['compliant'] }).verdict).to.equal('granted');
    expect(
      told(requiresAny(strength('c1'), device), { authenticationContexts: ['c1'], deviceStates: null }).verdict,
    ).to.equal('granted');
  });

  it('ask for the first of any that the user can meet now', () => {
    expect(told(requiresAny(device, strength('c1'), recent(30)))).to.deep.include({
      verdict: 'challenge',
      challenge: asks(['c1']),
    });
    expect(told(requiresAny(device, strength('c1')), { deviceStates: null }).result).to.equal('unsatisfied');
  });

  it('deny when none of any is in reach', () => {
    expect(told(requiresAny(device)).verdict).to.equal('denied');
    expect(told(requiresAny(device), { deviceStates: null }).result).to.equal('input-missing');
  });

  it('hold for as long as the longest of any', () => {
    const { validUntilMs } = evaluate([requiresAny(recent(70), recent(90), device)]);
    expect(validUntilMs).to.equal(nowMs + 30 * MINUTE_MS);
    expect(evaluate([requiresAny(recent(70), device)], { deviceStates: ['compliant'] }).validUntilMs).to.equal(
      undefined,
    );
  });
});
