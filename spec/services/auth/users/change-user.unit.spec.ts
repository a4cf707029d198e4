import { expect } from 'chai';
import { afterEach, describe, it } from 'mocha';
import { newId, userIdOf } from '#libs/contracts';
import { SallyportError } from '#libs/errors';
import { handleChangeUser, queryUsers } from '../../../../services/auth/src/users/change-user.ts';
import { type PeopleWorld, startPeopleWorld } from '../support/people-world.ts';

const actor = { kind: 'local-operator', id: 'local-operator' } as const;
const ADA = { subject: 'ada', directoryTenant: 'tid' };

describe('what is said of a person', () => {
  let world: PeopleWorld;
  afterEach(() => world?.stop());

  const say = (type: 'DisableUser' | 'EnableUser' | 'SignOutUserEverywhere', user = 'ada', commandId = newId('cmd')) =>
    handleChangeUser(world, { commandId, actor, correlationId: 'req_spec', user, command: { type, detail: '' } });

  it('ends all sessions of the person, and of nobody else', async () => {
    world = await startPeopleWorld();
    for (const id of ['ses_a', 'ses_b']) await world.session(id, 'ada');
    await world.session('ses_bob', 'bob');
    const { user, endedSessionIds } = await say('DisableUser', 'ADA@example.com');
    expect(endedSessionIds).to.have.members(['ses_a', 'ses_b']);
    expect(user).to.include({ ...ADA, id: userIdOf(ADA), status: 'disabled', activeSessions: 0 });
    expect((await world.live.session('ses_a')).state).to.include({ status: 'ended', reason: 'user-disabled' });
    expect(await world.status('ses_bob')).to.equal('active');
    expect(world.revocations[0]?.sessionIds).to.include.members([userIdOf(ADA), 'ses_a', 'ses_b']);
    expect((await say('EnableUser')).user.status).to.equal('enabled');
  });

  it('ends the rest when it is asked again after half of it failed, by the same command or another', async () => {
    world = await startPeopleWorld();
    for (let index = 0; index < 40; index += 1) await world.session(`ses_${index}`, 'ada');
    const works = world.userSessions;
    let ended = 0;
    world.userSessions = (...args) => {
      ended += 1;
      if (ended === 20) throw new SallyportError('ERR_EVENTS_UNAVAILABLE', 'the hub is away', { retryable: true });
      return works(...args);
    };
    const commandId = newId('cmd');
    const failed = await say('SignOutUserEverywhere', 'ada', commandId).catch((error: unknown) => error);
    expect(failed).to.be.instanceOf(SallyportError).and.include({ code: 'ERR_EVENTS_UNAVAILABLE', retryable: true });
    const left = world.live.activeSessionIdsOf(ADA).length;
    expect(left).to.be.within(1, 39);
    expect((await world.live.user(ADA)).state.signedOutBefore, 'the fact stands').to.be.a('string');
    world.userSessions = works;
    expect((await say('SignOutUserEverywhere', 'ada', commandId)).endedSessionIds).to.have.length(left);
    expect(world.live.activeSessionIdsOf(ADA)).to.deep.equal([]);
    await world.session('ses_new', 'ada');
    expect((await say('SignOutUserEverywhere')).endedSessionIds).to.deep.equal(['ses_new']);
  });

  it('reaches sessions that are not in memory', async () => {
    world = await startPeopleWorld({ maxSessions: 2 });
    for (const id of ['ses_a', 'ses_b', 'ses_c', 'ses_d']) await world.session(id, 'ada');
    await world.session('ses_bob', 'bob');
    expect(world.live.peekSession('ses_a')).to.equal(undefined);
    const { endedSessionIds } = await say('DisableUser');
    expect(endedSessionIds).to.have.members(['ses_a', 'ses_b', 'ses_c', 'ses_d']);
    expect(await world.status('ses_a')).to.equal('ended');
    expect(await world.status('ses_bob')).to.equal('active');
    expect(world.revocations.some(({ everything }) => everything === true)).to.equal(true);
  });

  it('is listed with people who have sessions, those first', async () => {
    world = await startPeopleWorld();
    await say('DisableUser', '6b1f0a52-9a8b-4a7e-8c1e-2f6f3b7a9d10');
    await world.session('ses_a', 'ada');
    const { users } = await queryUsers(world, {});
    expect(
      users.map(({ subject, username, status, activeSessions }) => [subject, username, status, activeSessions]),
    ).to.deep.equal([
      ['ada', 'ada@example.com', 'enabled', 1],
      ['6b1f0a52-9a8b-4a7e-8c1e-2f6f3b7a9d10', null, 'disabled', 0],
    ]);
    expect((await queryUsers(world, { limit: 1 })).users).to.have.length(1);
    expect((await queryUsers(world, { user: 'nobody' })).users).to.deep.equal([]);
  });
});
