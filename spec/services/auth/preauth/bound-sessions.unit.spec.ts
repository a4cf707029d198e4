import { expect } from 'chai';
import { afterEach, describe, it } from 'mocha';
import { createLogger } from '#libs/telemetry';
import { endOldestSessions, MAX_SESSIONS_PER_PERSON } from '../../../../services/auth/src/preauth/bound-sessions.ts';
import { type PeopleWorld, startPeopleWorld } from '../support/people-world.ts';

const ADA = { subject: 'ada', directoryTenant: 'tid' };
const command = { actor: { kind: 'user', id: 'ada' }, correlationId: 'req_spec' } as const;
const logger = createLogger({ service: 'spec', write: () => undefined });

describe('a person with more sessions than anybody may have', () => {
  let world: PeopleWorld;
  afterEach(() => world?.stop());
  const given = async (more: number) => {
    world = await startPeopleWorld();
    await world.session('ses_bob', 'bob');
    for (let index = 0; index < MAX_SESSIONS_PER_PERSON + more; index += 1) await world.session(`ses_${index}`, 'ada');
  };

  it('loses the oldest of them, and no other', async () => {
    await given(2);
    await endOldestSessions({ ...world, logger }, ADA, command);
    expect(world.live.activeSessionIdsOf(ADA)).to.have.length(MAX_SESSIONS_PER_PERSON);
    for (const id of ['ses_0', 'ses_1'])
      expect((await world.live.session(id)).state).to.include({ status: 'ended', reason: 'too-many-sessions' });
    for (const id of ['ses_2', 'ses_bob']) expect(await world.status(id), id).to.equal('active');
    await endOldestSessions({ ...world, logger }, ADA, command);
    expect(await world.status('ses_2')).to.equal('active');
  });

  it('signs in also when they cannot be ended', async () => {
    await given(1);
    world.userSessions = () => Promise.reject(new Error('the hub is away'));
    await endOldestSessions({ ...world, logger }, ADA, command);
    expect(await world.status('ses_0')).to.equal('active');
  });
});
