import { expect } from 'chai';
import { describe, it } from 'mocha';
import { type UserSessionState, userIdOf } from '#libs/contracts';
import { SessionTable } from '../../../../services/auth/src/user-session/session-table.ts';

type Active = Extract<UserSessionState, { status: 'active' }>;

const NOW = Date.parse('2026-11-22T11:00:00Z');
const ISSUER = 'https://idp.example';
const session = (change: Partial<Active> = {}, username = 'ada@example.com', directoryTenant = 'tid'): Active => ({
  status: 'active',
  principal: {
    subject: 'oid-ada',
    directoryTenant,
    username,
    name: 'Ada',
    email: null,
    groups: [],
    roles: [],
    directoryRoles: [],
  },
  identityProvider: ISSUER,
  authenticationContexts: [],
  authenticatedAt: '2026-11-22T10:00:00.000Z',
  expiresAt: '2026-11-22T18:00:00.000Z',
  address: '',
  userAgent: '',
  apps: [],
  usedTickets: [],
  ...change,
});

describe('table of sessions', () => {
  const given = (max?: number) => {
    const clock = { nowMs: NOW };
    const table = new SessionTable(() => clock.nowMs, max);
    let revision = 0;
    const put = (id: string, state: UserSessionState) => {
      revision += 1;
      table.put(id, { state, revision });
    };
    return { table, put, clock };
  };
  const idsOf = (found: readonly (readonly [string, UserSessionState])[]) => found.map(([id]) => id);

  it('finds sessions by whatever names them, newest first', () => {
    const { table, put } = given();
    put('ses_1', session({ providerSessionId: 'sid-1', providerSubject: 'sub-1', deviceId: 'dev_1' }));
    put('ses_2', session({ providerSessionId: 'sid-2', providerSubject: 'sub-1', deviceId: 'dev_1' }));
    for (const name of ['OID-ADA', 'Ada@Example.com', userIdOf({ directoryTenant: 'tid', subject: 'oid-ada' })])
      expect(idsOf(table.ofPeopleCalled(name)), name).to.deep.equal(['ses_2', 'ses_1']);
    expect(idsOf(table.ofSubject('oid-ada'))).to.deep.equal(['ses_2', 'ses_1']);
    expect(idsOf(table.ofSubject('OID-ADA')), 'a subject is what it is').to.deep.equal([]);
    expect(idsOf(table.ofDevice('dev_1'))).to.deep.equal(['ses_2', 'ses_1']);
    expect(idsOf(table.ofProvider(ISSUER, { sessionId: 'sid-1' }))).to.deep.equal(['ses_1']);
    expect(idsOf(table.ofProvider(ISSUER, { subject: 'sub-1' }))).to.deep.equal(['ses_2', 'ses_1']);
    expect(idsOf(table.ofProvider('https://other.example', { subject: 'sub-1' }))).to.deep.equal([]);
  });

  it('keeps people of two directories apart who have the same subject', () => {
    const { table, put } = given();
    put('ses_1', session());
    put('ses_2', session({}, 'ada@example.com', 'another'));
    expect(table.activeIdsOf({ directoryTenant: 'tid', subject: 'oid-ada' })).to.deep.equal(['ses_1']);
    expect(idsOf(table.ofPeopleCalled('ada@example.com'))).to.deep.equal(['ses_2', 'ses_1']);
  });

  it('follows a person whose username changes', () => {
    const { table, put } = given();
    put('ses_1', session({ deviceId: 'dev_1' }));
    put('ses_1', session({ deviceId: 'dev_1' }, 'ada.new@example.com'));
    expect(idsOf(table.ofPeopleCalled('ada@example.com'))).to.deep.equal([]);
    expect(idsOf(table.ofPeopleCalled('ada.new@example.com'))).to.deep.equal(['ses_1']);
    expect(idsOf(table.ofDevice('dev_1'))).to.deep.equal(['ses_1']);
  });

  it('forgets all of a session that ended in time, that expired, or that had to go', () => {
    const { table, put } = given(1);
    put('ses_1', session({ deviceId: 'dev_1', expiresAt: '2026-11-22T10:59:59.000Z' }));
    expect(idsOf(table.ofDevice('dev_1'))).to.deep.equal([]);
    put('ses_2', session({ deviceId: 'dev_1' }));
    expect(table.isPartial).to.equal(false);
    put('ses_3', session({ deviceId: 'dev_3' }));
    expect(table.isPartial).to.equal(true);
    expect(idsOf(table.ofDevice('dev_1'))).to.deep.equal([]);
    expect(idsOf(table.ofPeopleCalled('ada@example.com'))).to.deep.equal(['ses_3']);
    table.drop('ses_3');
    expect(idsOf(table.ofPeopleCalled('ada@example.com'))).to.deep.equal([]);
    expect([...table.all()]).to.deep.equal([]);
  });

  it('holds all that is active again when the last one that had to go is over', () => {
    const { table, put, clock } = given(1);
    const until = (expiresAt: string) => session({ expiresAt });
    put('ses_1', until('2026-11-22T13:00:00.000Z'));
    put('ses_2', until('2026-11-22T12:00:00.000Z'));
    put('ses_3', until('2026-11-22T18:00:00.000Z'));
    clock.nowMs = Date.parse('2026-11-22T12:59:59Z');
    expect(table.isPartial).to.equal(true);
    clock.nowMs = Date.parse('2026-11-22T13:00:00Z');
    expect(table.isPartial).to.equal(false);
  });

  it('misses nothing when one goes that has ended', () => {
    const { table, put } = given(1);
    put('ses_1', { ...session(), status: 'ended', reason: 'revoked' });
    put('ses_2', session());
    expect(table.get('ses_1')).to.equal(undefined);
    expect(table.isPartial).to.equal(false);
  });
});
