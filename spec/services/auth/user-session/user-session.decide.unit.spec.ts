import { expect } from 'chai';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import {
  appId,
  evolveUserSession,
  initialUserSessionState,
  MAX_REMEMBERED_TICKETS,
  TOKEN_PATTERN,
  type UserSessionFact,
} from '#libs/contracts';
import { deciderSpec } from '#libs/events/testing';
import { sessionIdOfState } from '../../../../services/auth/src/user-session/session-id.ts';
import {
  MAX_OPENINGS_PER_SESSION,
  type UserSessionCommand,
  userSessionDecider,
} from '../../../../services/auth/src/user-session/user-session.decide.ts';

const check = deciderSpec(userSessionDecider);
const data = {
  principal: {
    subject: 'bob',
    directoryTenant: 't',
    username: 'bob@example.test',
    name: 'Bob',
    email: null,
    groups: ['g1'],
    roles: [],
    directoryRoles: [],
  },
  identityProvider: 'https://idp.example/v2.0',
  authenticationContexts: ['c1'],
  authenticatedAt: '2026-11-22T10:00:00.000Z',
  expiresAt: '2026-11-22T18:00:00.000Z',
  address: '192.0.2.7',
  userAgent: 'spec',
};
const started: UserSessionFact = { type: 'SessionStarted', data };
const wiki = appId.parse('app_wiki');
const opened: UserSessionFact = { type: 'AppAccessOpened', data: { appId: wiki, ticketId: 'tkt_1' } };
const ended: UserSessionFact = { type: 'SessionEnded', data: { reason: 'signed-out' } };
const start: UserSessionCommand = { type: 'StartSession', ...data };
const open = (change: { at?: string; ticketId?: string; otherAddress?: string } = {}): UserSessionCommand => ({
  type: 'OpenAppAccess',
  appId: wiki,
  ticketId: 'tkt_1',
  at: '2026-11-22T11:00:00.000Z',
  ...change,
});
const end: UserSessionCommand = { type: 'EndSession', reason: 'revoked' };

describe('user session', () => {
  it('starts', () => check({ when: start, facts: [started] }));
  it('starts once: a second start is a replay', () =>
    check({ given: [started], when: start, error: 'ERR_SESSION_EXISTS' }));
  it('does not start again after its end', () =>
    check({ given: [started, ended], when: start, error: 'ERR_SESSION_EXISTS' }));
  it('opens an app', () => check({ given: [started], when: open(), facts: [opened] }));
  it('opens an app again with another ticket', () =>
    check({
      given: [started, opened],
      when: open({ ticketId: 'tkt_2' }),
      facts: [{ type: 'AppAccessOpened', data: { appId: wiki, ticketId: 'tkt_2' } }],
    }));
  it('learns a second address it began at when its first app opens, and none later', () => {
    const otherAddress = '2001:db8::7';
    const learned = { type: 'AppAccessOpened', data: { appId: wiki, ticketId: 'tkt_1', otherAddress } } as const;
    check({ given: [started], when: open({ otherAddress }), facts: [learned] });
    check({
      given: [started, opened],
      when: open({ ticketId: 'tkt_2', otherAddress }),
      facts: [{ type: 'AppAccessOpened', data: { appId: wiki, ticketId: 'tkt_2' } }],
    });
    const state = [started, learned, { ...opened, data: { appId: wiki, ticketId: 'tkt_2' } }].reduce(
      evolveUserSession,
      initialUserSessionState,
    );
    expect(state).to.deep.include({ otherAddress });
  });
  it('refuses a used ticket', () =>
    check({ given: [started, opened], when: open(), error: 'ERR_SESSION_TICKET_USED' }));
  it('refuses a ticket that was used among the last fifty', () => {
    const others = Array.from(
      { length: MAX_REMEMBERED_TICKETS - 1 },
      (_, index): UserSessionFact => ({
        type: 'AppAccessOpened',
        data: { appId: wiki, ticketId: `other_${index}` },
      }),
    );
    check({ given: [started, opened, ...others], when: open(), error: 'ERR_SESSION_TICKET_USED' });
  });
  it('ends in place of one opening too many, and signing in anew begins another', () => {
    const by = (ticketId: string): UserSessionFact => ({
      type: 'AppAccessOpened',
      data: { appId: wiki, ticketId },
    });
    const openings = (count: number) => Array.from({ length: count }, (_, index) => by(`tkt_of_${index}`));
    const worn: UserSessionFact = { type: 'SessionEnded', data: { reason: 'too-many-openings' } };
    check({ given: [started, ...openings(MAX_OPENINGS_PER_SESSION - 1)], when: open(), facts: [opened] });
    check({ given: [started, ...openings(MAX_OPENINGS_PER_SESSION)], when: open(), facts: [worn] });
  });

  it('opens nothing after its end', () => check({ given: [started, ended], when: open(), error: 'ERR_SESSION_ENDED' }));
  it('opens nothing at the instant it expires', () =>
    check({ given: [started], when: open({ at: data.expiresAt }), error: 'ERR_SESSION_EXPIRED' }));
  it('opens nothing before it started', () => check({ when: open(), error: 'ERR_SESSION_ABSENT' }));
  it('ends', () =>
    check({ given: [started, opened], when: end, facts: [{ type: 'SessionEnded', data: { reason: 'revoked' } }] }));
  it('ends once', () => check({ given: [started, ended], when: end, facts: [] }));
  it('cannot end before it started', () => check({ when: end, error: 'ERR_SESSION_ABSENT' }));
  it('keeps the apps it opened after its end', () => {
    const state = [started, opened, ended].reduce(evolveUserSession, initialUserSessionState);
    expect(state).to.deep.include({ status: 'ended', reason: 'signed-out', apps: ['app_wiki'] });
  });
});

describe('session id of a state', () => {
  it('is a subject token that follows from the state alone', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (one, two) => {
        expect(sessionIdOfState(one))
          .to.match(TOKEN_PATTERN)
          .and.match(/^ses_[a-z2-7]{24}$/);
        expect(sessionIdOfState(one) === sessionIdOfState(two)).to.equal(one === two);
      }),
    );
  });
});
