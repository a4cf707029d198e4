// long because every way to meet a challenge, and to miss it, is a row about the same small world
import { expect } from 'chai';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import type { SignedIn } from '../../../../services/auth/src/identity-provider/identity-provider.ts';
import {
  challengeOf,
  demandOf,
  describeShortfall,
  isMetBySession,
  type Judgement,
  type KnownSession,
  newSessionOf,
  shortfallOf,
} from '../../../../services/auth/src/preauth/challenge.decide.ts';

const NOW_MS = Date.parse('2026-11-22T12:00:00Z');
const MINUTE_MS = 60_000;
const person = {
  subject: 'bob',
  directoryTenant: 'tenant',
  username: 'bob@example.test',
  name: 'Bob',
  email: null,
  groups: [],
  roles: [],
  directoryRoles: [],
};

function session(minutesOld: number, contexts: readonly string[] = ['p1']): KnownSession {
  return {
    principal: person,
    authenticationContexts: contexts,
    authenticatedAt: new Date(NOW_MS - minutesOld * MINUTE_MS).toISOString(),
    expiresAt: new Date(NOW_MS + 60 * MINUTE_MS).toISOString(),
  };
}

/** A session that began so many minutes ago, of a sign-in that nobody dates. */
function undated(minutesOld: number): KnownSession {
  return { ...session(minutesOld), authenticatedAtUnknown: true };
}

/** A token made now, about a sign-in so many minutes ago. */
function signedIn(minutesOld: number | null, contexts: readonly string[] = ['p1'], tokenMinutesOld = 0): SignedIn {
  return {
    principal: person,
    authenticationContexts: contexts,
    authenticatedAtMs: minutesOld === null ? null : NOW_MS - minutesOld * MINUTE_MS,
    issuedAtMs: NOW_MS - tokenMinutesOld * MINUTE_MS,
    providerSubject: 'pairwise',
    providerSessionId: null,
    deviceStates: null,
    refreshToken: null,
  };
}

describe('challenge of a sign-in', () => {
  it('is none when it asks for nothing, and names each context once', () => {
    const askedAtMs = NOW_MS;
    const of = (given: Parameters<typeof challengeOf>[0]) => challengeOf(given, askedAtMs);
    expect(of(undefined)).to.equal(null);
    expect(of({ contexts: [] })).to.equal(null);
    expect(of({ contexts: [], needsNewSession: false })).to.equal(null);
    expect(of({ contexts: ['c1', 'c1'] })).to.deep.equal({ contexts: ['c1'], askedAtMs });
    const now = { contexts: [], maxAgeMinutes: 0, askedAtMs };
    expect(of({ contexts: [], maxAgeMinutes: 0 })).to.deep.equal(now);
    expect(of({ contexts: [], needsNewSession: true })).to.deep.equal(now);
    expect(of({ contexts: [], maxAgeMinutes: 9, needsNewSession: true })).to.deep.equal(now);
  });

  it('is met by a session that holds every context and is young enough', () => {
    const both = { contexts: ['c1', 'c2'], maxAgeMinutes: 5 };
    expect(isMetBySession(null, session(900), NOW_MS)).to.equal(true);
    expect(isMetBySession(both, session(4.9, ['c1', 'c2']), NOW_MS)).to.equal(true);
    expect(isMetBySession(both, session(5, ['c1', 'c2']), NOW_MS)).to.equal(false);
    expect(isMetBySession(both, session(1, ['c1']), NOW_MS)).to.equal(false);
    expect(isMetBySession(both, { ...session(1, ['c1', 'c2']), authenticatedAt: 'no instant' }, NOW_MS)).to.equal(
      false,
    );
  });

  it('is met, whatever age it asks for, by a session of a sign-in after it was asked: another tab was faster', () => {
    const asked = (minutesAgo: number) => ({
      contexts: [],
      maxAgeMinutes: 0,
      askedAtMs: NOW_MS - minutesAgo * MINUTE_MS,
    });
    expect(isMetBySession(asked(2), session(1), NOW_MS)).to.equal(true);
    expect(isMetBySession(asked(1), session(2), NOW_MS)).to.equal(false);
    expect(isMetBySession(asked(1), session(1), NOW_MS)).to.equal(false);
  });

  it('asks the identity provider for a fresh sign-in only when the one there is is too old', () => {
    const aged = { contexts: ['c1'], maxAgeMinutes: 5 };
    expect(demandOf(null, null, NOW_MS)).to.deep.equal({ contexts: [], isFresh: false, loginHint: null });
    expect(demandOf({ contexts: ['c1'] }, session(900), NOW_MS)).to.deep.equal({
      contexts: ['c1'],
      isFresh: false,
      loginHint: 'bob@example.test',
    });
    expect(demandOf(aged, session(4), NOW_MS).isFresh).to.equal(false);
    expect(demandOf(aged, session(6), NOW_MS).isFresh).to.equal(true);
    expect(demandOf(aged, null, NOW_MS).isFresh).to.equal(true);
  });

  describe('judges what came back', () => {
    const aged = { contexts: [], maxAgeMinutes: 10 };
    const cases: readonly [string, Partial<Judgement>, 'met' | 'contexts' | 'age'][] = [
      ['a token with the context', { signedIn: signedIn(1, ['p1', 'c1']) }, 'met'],
      ['a token without it', { signedIn: signedIn(1, ['p1']) }, 'contexts'],
      ['a token without any', { signedIn: signedIn(1, []) }, 'contexts'],
      [
        'a token without it, though the session has it',
        { signedIn: signedIn(1), session: session(1, ['c1']) },
        'contexts',
      ],
      ['one of two contexts', { challenge: { contexts: ['c1', 'c2'] }, signedIn: signedIn(1, ['c1']) }, 'contexts'],
      ['contexts that only begin alike', { signedIn: signedIn(1, ['c10', 'c', 'C1', ' c1']) }, 'contexts'],
      ['a young sign-in', { challenge: aged, signedIn: signedIn(9.9) }, 'met'],
      ['one that is exactly too old, as the policies have it', { challenge: aged, signedIn: signedIn(10) }, 'age'],
      ['one that is too old', { challenge: aged, signedIn: signedIn(12) }, 'age'],
      [
        'a new token of an old sign-in, though a fresh one was asked for',
        { challenge: aged, signedIn: signedIn(12), isFresh: true, startedAtMs: NOW_MS - MINUTE_MS },
        'age',
      ],
      [
        'an answer that took the person longer than the sign-in may be old',
        {
          challenge: { contexts: [], maxAgeMinutes: 0 },
          signedIn: signedIn(8),
          isFresh: true,
          startedAtMs: NOW_MS - 9 * MINUTE_MS,
        },
        'met',
      ],
      ['a token that does not say when, unasked', { challenge: aged, signedIn: signedIn(null) }, 'age'],
      [
        'a token that does not say when, made after a fresh sign-in was asked for',
        { challenge: aged, signedIn: signedIn(null), isFresh: true },
        'age',
      ],
      [
        'the same where the administrator trusts the age of the token',
        { challenge: aged, signedIn: signedIn(null), isFresh: true, trustsIssuedAt: true },
        'met',
      ],
      [
        'a token that does not say when, made before that: one that was used already',
        { challenge: aged, signedIn: signedIn(null, ['p1'], 5), isFresh: true, trustsIssuedAt: true },
        'age',
      ],
      [
        'a token that does not say when, with a session that is young enough',
        { challenge: aged, signedIn: signedIn(null), session: session(5) },
        'met',
      ],
      [
        'a token that does not say when, with a young session of a sign-in that nobody dates',
        { challenge: aged, signedIn: signedIn(null), session: undated(5) },
        'age',
      ],
    ];
    for (const [name, change, expected] of cases)
      it(`${expected === 'met' ? 'passes' : 'refuses'} ${name}`, () => {
        const shortfall = shortfallOf({
          challenge: { contexts: ['c1'] },
          signedIn: signedIn(1),
          session: null,
          isFresh: false,
          startedAtMs: NOW_MS - MINUTE_MS,
          nowMs: NOW_MS,
          trustsIssuedAt: false,
          ...change,
        });
        if (expected === 'met') expect(shortfall).to.equal(null);
        else expect(shortfall?.isTooOld).to.equal(expected === 'age');
        expect((shortfall?.missingContexts.length ?? 0) > 0).to.equal(expected === 'contexts');
      });
  });

  it('is never met without every context, nor by a sign-in that nobody dates', () => {
    const context = fc.constantFrom('c1', 'c2', 'c3', 'p1');
    const minutes = fc.integer({ min: -5, max: 600 });
    const given = fc.record({
      asked: fc.array(context, { maxLength: 3 }),
      brought: fc.array(context, { maxLength: 4 }),
      held: fc.option(fc.array(context), { nil: null }),
      signedInAgo: fc.option(minutes, { nil: null }),
      tokenAgo: minutes,
      maxAgeMinutes: fc.option(fc.integer({ min: 0, max: 120 }), { nil: undefined }),
      isFresh: fc.boolean(),
      trustsIssuedAt: fc.boolean(),
      startedAgo: fc.integer({ min: 0, max: 10 }),
    });
    fc.assert(
      fc.property(given, (one) => {
        const shortfall = shortfallOf({
          challenge: { contexts: one.asked, maxAgeMinutes: one.maxAgeMinutes },
          signedIn: signedIn(one.signedInAgo, one.brought, one.tokenAgo),
          session: one.held === null ? null : session(5, one.held),
          isFresh: one.isFresh,
          startedAtMs: NOW_MS - one.startedAgo * MINUTE_MS,
          nowMs: NOW_MS,
          trustsIssuedAt: one.trustsIssuedAt,
        });
        const hasAll = one.asked.every((context) => one.brought.includes(context));
        const isDated = one.signedInAgo !== null || (one.isFresh ? one.trustsIssuedAt : one.held !== null);
        if (!hasAll || (one.maxAgeMinutes !== undefined && !isDated)) expect(shortfall).not.to.equal(null);
        const isOld =
          one.signedInAgo !== null && one.signedInAgo > Math.max(one.maxAgeMinutes ?? 600, one.startedAgo + 1);
        if (isOld) expect(shortfall?.isTooOld).to.equal(true);
      }),
    );
  });

  it('says in one sentence what is missing', () => {
    const sentence = describeShortfall({ missingContexts: ['c1', 'c2'], isTooOld: true, isUndated: false });
    expect(sentence).to.match(/did not confirm authentication contexts c1, c2 and a fresh sign-in\.$/);
    const undatedSentence = describeShortfall({ missingContexts: [], isTooOld: true, isUndated: true });
    expect(undatedSentence).to.match(/confirm a fresh sign-in\. .*optional claim auth_time/);
  });

  it('is not met by a session whose sign-in nobody dates, however young: a fresh one is asked for', () => {
    const aged = { contexts: [], maxAgeMinutes: 10, askedAtMs: NOW_MS - MINUTE_MS };
    expect(isMetBySession(aged, undated(0), NOW_MS)).to.equal(false);
    expect(demandOf(aged, undated(0), NOW_MS).isFresh).to.equal(true);
    expect(isMetBySession({ contexts: ['p1'] }, undated(0), NOW_MS)).to.equal(true);
  });

  describe('the session after it', () => {
    const trustsIssuedAt = false;

    it('has a sign-in of unknown age when nobody says, by a second factor too, until somebody does', () => {
      const make = (parts: Partial<Parameters<typeof newSessionOf>[0]>) =>
        newSessionOf({
          signedIn: signedIn(null),
          session: null,
          isFresh: false,
          nowMs: NOW_MS,
          trustsIssuedAt,
          ...parts,
        }).authenticatedAtMs;
      expect(make({})).to.equal(null);
      expect(make({ trustsIssuedAt: true })).to.equal(null);
      expect(make({ isFresh: true })).to.equal(null);
      expect(make({ isFresh: true, trustsIssuedAt: true })).to.equal(NOW_MS);
      expect(make({ session: undated(1) })).to.equal(null);
      expect(make({ session: undated(1), signedIn: signedIn(3) })).to.equal(NOW_MS - 3 * MINUTE_MS);
    });

    it('adds to what the person had proved, and ends when that would have ended', () => {
      const known = session(30, ['p1', 'c2']);
      expect(
        newSessionOf({
          signedIn: signedIn(30, ['p1', 'c1']),
          session: known,
          isFresh: false,
          nowMs: NOW_MS,
          trustsIssuedAt,
        }),
      ).to.deep.equal({
        authenticationContexts: ['p1', 'c1', 'c2'],
        authenticatedAtMs: NOW_MS - 30 * MINUTE_MS,
        expiresAt: known.expiresAt,
      });
    });

    it('is as old as before when the identity provider does not say', () => {
      const made = newSessionOf({
        signedIn: signedIn(null),
        session: session(30),
        isFresh: false,
        nowMs: NOW_MS,
        trustsIssuedAt,
      });
      expect(made.authenticatedAtMs).to.equal(NOW_MS - 30 * MINUTE_MS);
    });

    it('begins anew with a fresh sign-in, and with another person', () => {
      const fresh = newSessionOf({
        signedIn: signedIn(0),
        session: session(30, ['c1']),
        isFresh: true,
        nowMs: NOW_MS,
        trustsIssuedAt,
      });
      expect(fresh).to.deep.equal({ authenticationContexts: ['p1'], authenticatedAtMs: NOW_MS, expiresAt: null });
      const other = newSessionOf({
        signedIn: signedIn(null),
        session: null,
        isFresh: false,
        nowMs: NOW_MS,
        trustsIssuedAt,
      });
      expect(other).to.deep.equal({ authenticationContexts: ['p1'], authenticatedAtMs: null, expiresAt: null });
    });

    it('holds no more contexts than a session can', () => {
      const many = Array.from({ length: 128 }, (_, index) => `x${index}`);
      const made = newSessionOf({
        signedIn: signedIn(0, ['c1']),
        session: session(1, many),
        isFresh: false,
        nowMs: NOW_MS,
        trustsIssuedAt,
      });
      expect(made.authenticationContexts).to.have.length(128);
      expect(made.authenticationContexts[0]).to.equal('c1');
    });
  });
});
