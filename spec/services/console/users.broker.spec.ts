import { expect } from 'chai';
import { after, before, beforeEach, describe, it } from 'mocha';
import { assessSession, changeUser, endSessions, sessions, type UserView, users } from '#libs/contracts';
import { SallyportError } from '#libs/errors';
import { type ConsoleWorld, startConsoleWorld } from './support.ts';

const ADA: UserView = {
  id: 'usr_1',
  subject: 'oid-ada',
  directoryTenant: 'tid',
  username: 'ada@example.com',
  status: 'enabled',
  risk: null,
  signedOutBefore: null,
  activeSessions: 2,
};

describe('console: people and their sessions', () => {
  let world: ConsoleWorld;
  const seen: unknown[] = [];
  before(async () => {
    world = await startConsoleWorld();
  });
  after(() => world.stop());
  beforeEach(async () => {
    seen.length = 0;
    await world.fake(users, (request) => {
      seen.push(request);
      return { users: request.user === 'nobody' ? [] : [ADA] };
    });
    await world.fake(changeUser, ({ user, directoryTenant, command, actor }) => {
      seen.push({ user, directoryTenant, command, actor: actor.id });
      return { user: ADA, endedSessionIds: ['ses_1'] };
    });
  });

  it('lists people, and reads one', async () => {
    const answer = await world.call('GET', '/v1/users?user=ada&limit=10');
    expect(answer.json).to.deep.equal({ users: [ADA] });
    expect((await world.call('GET', '/v1/users/ada%40example.com')).json).to.deep.equal({ users: [ADA] });
    expect(seen).to.deep.equal([{ user: 'ada', limit: 10 }, { user: 'ada@example.com' }]);
    const absent = await world.call('GET', '/v1/users/nobody');
    expect([absent.status, absent.json.code]).to.deep.equal([404, 'ERR_USER_ABSENT']);
  });

  it('disables, enables and rates; the risk first', async () => {
    const answer = await world.call('PATCH', '/v1/users/oid-ada', {
      body: { status: 'enabled', risk: 'low', detail: 'password was changed', directoryTenant: 'tid' },
    });
    expect(answer.json).to.deep.equal({ user: ADA, endedSessionIds: ['ses_1'] });
    const who = { user: 'oid-ada', directoryTenant: 'tid', actor: 'oid-1' };
    const detail = 'password was changed';
    expect(seen).to.deep.equal([
      { ...who, command: { type: 'SetUserRisk', level: 'low', detail } },
      { ...who, command: { type: 'EnableUser', detail } },
    ]);
  });

  it('signs out everywhere', async () => {
    expect((await world.call('POST', '/v1/users/ada/sign-out', { body: {} })).status).to.equal(200);
    expect(seen).to.deep.include({
      user: 'ada',
      directoryTenant: undefined,
      command: { type: 'SignOutUserEverywhere', detail: '' },
      actor: 'oid-1',
    });
  });

  for (const [what, method, path, body] of [
    ['nothing to change', 'PATCH', '/v1/users/ada', {}],
    ['an unknown status', 'PATCH', '/v1/users/ada', { status: 'gone' }],
    ['an unknown level', 'PATCH', '/v1/users/ada', { risk: 'extreme' }],
    ['an unknown field', 'POST', '/v1/users/ada/sign-out', { now: true }],
    ['a level of a session that is none', 'PATCH', '/v1/sessions/ses_1', { risk: 'extreme' }],
    ['a text that is too long', 'PATCH', '/v1/users/ada', { status: 'disabled', detail: 'x'.repeat(401) }],
  ] as const)
    it(`refuses ${what}`, async () => {
      const answer = await world.call(method, path, { body });
      expect([answer.status, answer.json.code]).to.deep.equal([400, 'ERR_API_INVALID']);
      expect(seen).to.deep.equal([]);
    });

  it('is for administrators alone', async () => {
    expect((await world.call('GET', '/v1/users', { token: 'user' })).status).to.equal(403);
    const body = { status: 'disabled' };
    expect((await world.call('PATCH', '/v1/users/ada', { token: 'user', body })).status).to.equal(403);
    expect(seen).to.deep.equal([]);
  });

  for (const [code, status] of [
    ['ERR_USER_ABSENT', 404],
    ['ERR_USER_AMBIGUOUS', 409],
    ['ERR_USER_SELF', 409],
  ] as const)
    it(`answers ${code} with ${status}`, async () => {
      await world.fake(changeUser, () => {
        throw new SallyportError(code, 'why', { expose: true });
      });
      const answer = await world.call('PATCH', '/v1/users/ada', { body: { status: 'disabled' } });
      expect([answer.status, answer.json.code, answer.json.detail]).to.deep.equal([status, code, 'why']);
    });

  it('rates the sign-in of a session', async () => {
    await world.fake(assessSession, ({ sessionId, level, detail }) => {
      seen.push([sessionId, level, detail]);
      if (sessionId === 'ses_over') throw new SallyportError('ERR_SESSION_ENDED', 'it ended', { expose: true });
      return { sessionId, revision: 3 };
    });
    const body = { risk: 'high', detail: 'impossible travel' };
    expect((await world.call('PATCH', '/v1/sessions/ses_1', { body })).json).to.deep.equal({
      sessionId: 'ses_1',
      revision: 3,
    });
    expect((await world.call('PATCH', '/v1/sessions/ses_over', { body })).status).to.equal(409);
    expect(seen[0]).to.deep.equal(['ses_1', 'high', 'impossible travel']);
  });

  it('lists and ends sessions of a device', async () => {
    await world.fake(sessions, (request) => {
      seen.push(request);
      return { sessions: [] };
    });
    await world.fake(endSessions, ({ deviceId, user }) => {
      seen.push({ deviceId, user });
      return { sessionIds: ['ses_1'] };
    });
    expect((await world.call('GET', '/v1/sessions?deviceId=dev_1')).status).to.equal(200);
    expect((await world.call('DELETE', '/v1/sessions?deviceId=dev_1')).json).to.deep.equal({ sessionIds: ['ses_1'] });
    expect(seen).to.deep.equal([{ deviceId: 'dev_1' }, { deviceId: 'dev_1', user: undefined }]);
  });
});
