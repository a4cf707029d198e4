import { expect } from 'chai';
import { afterEach, describe, it } from 'mocha';
import { findSessionsOfPerson } from '../../../../services/auth/src/user-session/find-sessions.ts';
import { type PeopleWorld, startPeopleWorld } from '../support/people-world.ts';

const ADA = { subject: 'ada', directoryTenant: 'tid' };

describe('the sessions of a person', () => {
  let world: PeopleWorld;
  afterEach(() => world?.stop());

  for (const maxSessions of [1, 100])
    it(`are all found, with ${maxSessions} sessions in memory`, async () => {
      world = await startPeopleWorld({ maxSessions });
      for (const id of ['ses_1', 'ses_2', 'ses_over']) await world.session(id, 'ada');
      await world.session('ses_bob', 'bob');
      const actor = { kind: 'user', id: 'ada' } as const;
      await world.userSessions('ses_over', { type: 'EndSession', reason: 'revoked' }, { actor, correlationId: 'spec' });
      expect(await findSessionsOfPerson(world.live.source, ADA)).to.have.members(['ses_1', 'ses_2']);
    });
});
