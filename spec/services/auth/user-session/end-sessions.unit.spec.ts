import { expect } from 'chai';
import { describe, it } from 'mocha';
import { initialUserSessionState } from '#libs/contracts';
import { SallyportError } from '#libs/errors';
import { endActiveSessions } from '../../../../services/auth/src/user-session/end-sessions.ts';
import type { UserSessions } from '../../../../services/auth/src/user-session/user-sessions.ts';

const away = new SallyportError('ERR_EVENTS_TOO_LONG', 'more commits than one load returns');
const ending = { reason: 'revoked', actor: { kind: 'service', id: 'auth' }, correlationId: 'req_spec' } as const;
const ids = Array.from({ length: 40 }, (_, index) => `ses_${index}`);

describe('ending sessions', () => {
  const given = (fails: (id: string) => boolean) => {
    const asked: string[] = [];
    const userSessions: UserSessions = async (id) => {
      asked.push(id);
      if (fails(id)) throw away;
      return { state: initialUserSessionState, revision: 1, facts: [], duplicate: false };
    };
    return { asked, end: () => endActiveSessions(userSessions, ids, ending).catch((error: unknown) => error) };
  };

  it('goes on when one of them cannot be ended, and says so at the end', async () => {
    const { asked, end } = given((id) => id === 'ses_3');
    expect(await end()).to.equal(away);
    expect(asked).to.deep.equal(ids);
  });

  it('stops when none of many can be: then it is the store', async () => {
    const { asked, end } = given(() => true);
    expect(await end()).to.equal(away);
    expect(asked).to.have.length(16);
  });

  it('names all it ended', async () => {
    expect(await given(() => false).end()).to.deep.equal(ids);
  });
});
