import { expect } from 'chai';
import { describe, it } from 'mocha';
import { initialUserState, type Principal } from '#libs/contracts';
import {
  askerOfAccessToken,
  askerOfServiceToken,
  askerOfSession,
} from '../../../../services/auth/src/decisions/asker.ts';

const personCalled = (username: string): Principal => ({
  subject: 'sub-1',
  directoryTenant: 'https://idp.example',
  username,
  name: username,
  email: null,
  groups: [],
  roles: [],
  directoryRoles: [],
});
const sessionOf = (username: string) =>
  askerOfSession(
    'ses_1',
    {
      status: 'active',
      principal: personCalled(username),
      identityProvider: 'https://idp.example',
      authenticationContexts: [],
      authenticatedAt: '2026-11-22T10:00:00.000Z',
      expiresAt: '2026-11-22T18:00:00.000Z',
      address: '',
      userAgent: '',
      apps: [],
      usedTickets: [],
    },
    initialUserState,
  ).principal.username;
const tokenOf = (kind: 'user' | 'app', username: string) =>
  askerOfAccessToken(
    {
      kind,
      principal: personCalled(username),
      issuedAtMs: 0,
      expiresAtMs: 1,
      authenticationContexts: [],
      authenticatedAtMs: null,
      deviceStates: null,
    },
    initialUserState,
  ).principal.username;

describe('the user name of whoever asks', () => {
  it('of a person is never that of a program, whatever they call themselves', () => {
    const issued = { status: 'active' as const, name: 'ci', appIds: ['a'], expiresAt: '', secrets: [] };
    const serviceToken = askerOfServiceToken(`stk_${'a'.repeat(24)}`, issued, '').principal.username;
    const programs = [tokenOf('app', 'client-1'), serviceToken];
    expect(programs).to.deep.equal(['app:client-1', `stk_${'a'.repeat(24)}`]);
    for (const name of [...programs, 'APP:client-1', 'stk_x'])
      expect([sessionOf(name), tokenOf('user', name)], name).to.deep.equal(['sub-1', 'sub-1']);
  });

  it('of a person is theirs otherwise', () => {
    for (const name of ['ann', 'app', 'ann@app:8443', 'client-1'])
      expect([sessionOf(name), tokenOf('user', name)]).to.deep.equal([name, name]);
  });
});
