import { expect } from 'chai';
import { after, before, beforeEach, describe, it } from 'mocha';
import { type CliWorld, startCliWorld, text } from './support.ts';

const ADA = {
  id: 'usr_1',
  subject: 'oid-ada',
  directoryTenant: 'tid',
  username: 'ada',
  status: 'enabled',
  risk: null,
  signedOutBefore: null,
  activeSessions: 2,
};
const NOBODY = { ...ADA, id: 'usr_2', subject: 'oid-2', username: null, status: 'disabled', risk: 'high' };

describe('sallyport users', () => {
  let world: CliWorld;
  before(async () => {
    world = await startCliWorld();
  });
  after(() => world.stop());
  beforeEach(() =>
    world.answer(({ method, path }) => {
      if (path.startsWith('sessions/')) return { body: { sessionId: 'ses_1', revision: 2 } };
      if (path.startsWith('sessions?')) return { body: { sessionIds: ['ses_1'] } };
      if (method === 'GET') return { body: { users: [ADA, NOBODY] } };
      return { body: { user: ADA, endedSessionIds: ['ses_1', 'ses_2'] } };
    }),
  );

  const run = async (...argv: string[]) => {
    const { code, out, err } = await world.run(argv);
    expect([code, err], argv.join(' ')).to.deep.equal([0, '']);
    const { method = '', path = '', body } = world.asked.at(-1) ?? {};
    return { sent: `${method} ${path}`, body, out };
  };

  it('list people with what is known of them', async () => {
    const ran = await run('users', 'list');
    expect(ran.sent).to.equal('GET users?limit=500');
    expect(ran.out).to.equal(text`
      user  status    risk  active sessions  signed out before  subject  directory  id
      ada   enabled   -     2                -                  oid-ada  tid        usr_1
      -     disabled  high  2                -                  oid-2    tid        usr_2
    `);
    expect((await run('users', 'list', '--user', 'ada')).sent).to.equal('GET users?user=oid-ada&limit=500');
    expect((await run('users', 'show', 'eve@example.com')).sent).to.equal('GET users/eve%40example.com');
  });

  it('disable and enable, demo users by their ids', async () => {
    const disabled = await run('users', 'disable', 'ada', '--detail', 'left', '--directory', 'tid');
    expect(disabled).to.deep.equal({
      sent: 'PATCH users/oid-ada',
      body: { status: 'disabled', detail: 'left', directoryTenant: 'tid' },
      out: 'ada (oid-ada) is disabled; 2 sessions are ended\n',
    });
    expect(await run('users', 'enable', 'eve@example.com')).to.deep.include({
      sent: 'PATCH users/eve%40example.com',
      body: { status: 'enabled' },
    });
  });

  it('say risks of people and of sign-ins', async () => {
    expect(await run('users', 'risk', 'ada', 'high', '--detail', 'leaked')).to.deep.equal({
      sent: 'PATCH users/oid-ada',
      body: { risk: 'high', detail: 'leaked' },
      out: 'ada (oid-ada) has risk high\n',
    });
    expect(await run('sessions', 'risk', 'ses_1', 'low')).to.deep.equal({
      sent: 'PATCH sessions/ses_1',
      body: { risk: 'low' },
      out: 'the sign-in of session ses_1 has risk low\n',
    });
    for (const argv of [
      ['users', 'risk', 'ada', 'extreme'],
      ['sessions', 'risk', 'ses_1', 'HIGH'],
    ]) {
      const { code, err } = await world.run(argv);
      expect(code).to.equal(2);
      expect(err).to.include('expected none, low, medium, high');
    }
  });

  it('sign out everywhere', async () => {
    expect(await run('users', 'sign-out', 'ada')).to.deep.equal({
      sent: 'POST users/oid-ada/sign-out',
      body: {},
      out: 'ada (oid-ada) is signed out everywhere; 2 sessions are ended\n',
    });
  });

  it('revoke the sessions of a browser', async () => {
    expect(await run('sessions', 'revoke', '--device', 'dev_1')).to.include({
      sent: 'DELETE sessions?deviceId=dev_1',
      out: '1 session is ended\n',
    });
  });

  it('print JSON, and pass on what the API refuses', async () => {
    expect(JSON.parse((await run('users', 'list', '--json')).out)).to.deep.equal({ users: [ADA, NOBODY] });
    world.answer(() => ({
      status: 409,
      body: { code: 'ERR_USER_AMBIGUOUS', detail: 'bob may be oid-1 of directory a, oid-2 of directory b' },
    }));
    const { code, err } = await world.run(['users', 'disable', 'bob']);
    expect(code).not.to.equal(0);
    expect(err).to.include('oid-2 of directory b').and.include('ERR_USER_AMBIGUOUS');
  });
});
