import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { Principal, UserSessionFact } from '#libs/contracts';
import { deciderSpec } from '#libs/events/testing';
import {
  type UserSessionCommand,
  userSessionDecider,
} from '../../../../services/auth/src/user-session/user-session.decide.ts';

const check = deciderSpec(userSessionDecider);
const principal: Principal = {
  subject: 'bob',
  directoryTenant: 't',
  username: 'bob@example.test',
  name: 'Bob',
  email: null,
  groups: ['g1'],
  roles: [],
  directoryRoles: [],
};
const started: Extract<UserSessionFact, { type: 'SessionStarted' }> = {
  type: 'SessionStarted',
  data: {
    principal,
    identityProvider: 'https://idp.example/v2.0',
    authenticationContexts: [],
    authenticatedAt: '2026-11-22T10:00:00.000Z',
    expiresAt: '2026-11-22T18:00:00.000Z',
    address: '192.0.2.7',
    userAgent: 'spec',
    refreshToken: 'sealed-1',
  },
};
const leased = (attemptId = 'cmd_1', until = '2026-11-22T11:00:15.000Z'): UserSessionFact => ({
  type: 'SessionRefreshStarted',
  data: { attemptId, until },
});
const refreshed = (attemptId = 'cmd_1'): UserSessionFact => ({
  type: 'SessionRefreshed',
  data: { attemptId, principal, refreshToken: 'sealed-2', at: '2026-11-22T11:00:01.000Z' },
});
const failed: UserSessionFact = {
  type: 'SessionRefreshFailed',
  data: { attemptId: 'cmd_1', reason: 'identity-provider-unreachable' },
};
const ended: UserSessionFact = { type: 'SessionEnded', data: { reason: 'signed-out' } };

type Of<T extends UserSessionCommand['type']> = Extract<UserSessionCommand, { readonly type: T }>;
const begin = (change: Partial<Of<'BeginRefresh'>> = {}): UserSessionCommand => ({
  type: 'BeginRefresh',
  attemptId: 'cmd_1',
  at: '2026-11-22T11:00:00.000Z',
  until: '2026-11-22T11:00:15.000Z',
  knownRefreshedAt: null,
  ...change,
});
const complete = (change: Partial<Of<'CompleteRefresh'>> = {}): UserSessionCommand => ({
  type: 'CompleteRefresh',
  attemptId: 'cmd_1',
  principal: null,
  refreshToken: 'sealed-2',
  deviceStates: null,
  at: '2026-11-22T11:00:01.000Z',
  ...change,
});
const fail = (isOverdue: boolean, attemptId = 'cmd_1'): UserSessionCommand => ({
  type: 'FailRefresh',
  attemptId,
  reason: 'identity-provider-unreachable',
  isOverdue,
});
const refuse: UserSessionCommand = { type: 'RefuseRefresh', attemptId: 'cmd_1' };

describe('refresh of a user session', () => {
  describe('gives the right to use the refresh token', () => {
    it('to the first that asks', () => check({ given: [started], when: begin(), facts: [leased()] }));
    it('to nobody else while it is held', () =>
      check({ given: [started, leased()], when: begin({ attemptId: 'cmd_2' }), facts: [] }));
    it('to the next when it was held for too long', () =>
      check({
        given: [started, leased()],
        when: begin({ attemptId: 'cmd_2', at: '2026-11-22T11:00:15.000Z', until: '2026-11-22T11:00:30.000Z' }),
        facts: [leased('cmd_2', '2026-11-22T11:00:30.000Z')],
      }));
    it('again after a failure', () => check({ given: [started, leased(), failed], when: begin(), facts: [leased()] }));
    it('not to who has not heard of the last refresh', () =>
      check({ given: [started, leased(), refreshed()], when: begin({ attemptId: 'cmd_2' }), facts: [] }));
    it('again to who has', () =>
      check({
        given: [started, leased(), refreshed()],
        when: begin({ attemptId: 'cmd_2', knownRefreshedAt: '2026-11-22T11:00:01.000Z' }),
        facts: [leased('cmd_2')],
      }));
    it('not of a session that ended, expired, or has no token', () => {
      check({ given: [started, ended], when: begin(), facts: [] });
      check({ given: [started], when: begin({ at: '2026-11-22T18:00:00.000Z' }), facts: [] });
      const { refreshToken: _none, ...data } = started.data;
      check({ given: [{ type: 'SessionStarted', data }], when: begin(), facts: [] });
    });
  });

  it('keeps the person where nothing new is known, and takes the next token', () =>
    check({ given: [started, leased()], when: complete(), facts: [refreshed()] }));
  it('keeps the token where the provider gives no other', () => {
    const data = { attemptId: 'cmd_1', principal, refreshToken: 'sealed-1', at: '2026-11-22T11:00:01.000Z' };
    check({
      given: [started, leased()],
      when: complete({ refreshToken: null }),
      facts: [{ type: 'SessionRefreshed', data }],
    });
  });
  it('takes the person and the device as they are now', () => {
    const now = { ...principal, groups: ['g2'] };
    const data = { attemptId: 'cmd_1', refreshToken: 'sealed-2', at: '2026-11-22T11:00:01.000Z' };
    check({
      given: [started, leased()],
      when: complete({ principal: now, deviceStates: ['compliant'] }),
      facts: [{ type: 'SessionRefreshed', data: { ...data, principal: now, deviceStates: ['compliant'] } }],
    });
  });
  it('ends the session that the provider does not confirm', () =>
    check({
      given: [started, leased()],
      when: refuse,
      facts: [{ type: 'SessionEnded', data: { reason: 'refresh-refused' } }],
    }));
  it('ends nothing when the provider cannot be asked', () =>
    check({ given: [started, leased()], when: fail(false), facts: [failed] }));
  it('keeps the next token that an answer brought which confirms nobody', () => {
    const data = { attemptId: 'cmd_1', reason: 'token-invalid', refreshToken: 'sealed-2' };
    const kept: UserSessionFact = { type: 'SessionRefreshFailed', data };
    check({ given: [started, leased()], when: { type: 'FailRefresh', isOverdue: false, ...data }, facts: [kept] });
    const next = complete({ attemptId: 'cmd_2', refreshToken: null });
    const confirmed = { attemptId: 'cmd_2', principal, refreshToken: 'sealed-2', at: '2026-11-22T11:00:01.000Z' };
    check({
      given: [started, leased(), kept, leased('cmd_2')],
      when: next,
      facts: [{ type: 'SessionRefreshed', data: confirmed }],
    });
  });
  it('remembers the first failure since it was confirmed', () => {
    const at = (instant: string): UserSessionFact => ({
      type: 'SessionRefreshFailed',
      data: { attemptId: 'cmd_1', reason: 'identity-provider-unreachable', at: instant },
    });
    const failingSince = (facts: readonly UserSessionFact[]) => {
      const { evolve, initialState } = userSessionDecider;
      return Reflect.get([started, ...facts].reduce(evolve, initialState), 'failingSince');
    };
    const [first, second] = [at('2026-11-22T11:00:00.000Z'), at('2026-11-22T11:01:00.000Z')];
    expect(failingSince([leased(), failed]), 'of an earlier version').to.equal(undefined);
    expect(failingSince([leased(), failed, leased(), first, leased(), second])).to.equal('2026-11-22T11:00:00.000Z');
    expect(failingSince([leased(), first, leased(), refreshed()])).to.equal(undefined);
    expect(failingSince([leased(), first, leased(), refreshed(), second])).to.equal('2026-11-22T11:01:00.000Z');
  });
  it('ends the session that has gone unconfirmed for too long', () =>
    check({
      given: [started, leased()],
      when: fail(true),
      facts: [failed, { type: 'SessionEnded', data: { reason: 'unconfirmed' } }],
    }));

  for (const [name, when] of [
    ['a token', complete()],
    ['a refusal', refuse],
    ['a failure', fail(true)],
  ] as const) {
    it(`takes ${name} of no attempt but the one that holds the lease`, () => {
      check({ given: [started], when, facts: [] });
      check({ given: [started, leased('cmd_2')], when, facts: [] });
      check({ given: [started, leased(), refreshed()], when, facts: [] });
      check({ given: [started, leased(), ended], when, facts: [] });
    });
  }
});
