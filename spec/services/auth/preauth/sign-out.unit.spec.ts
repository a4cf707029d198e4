import { expect } from 'chai';
import { afterEach, describe, it } from 'mocha';
import { ACCESS_COOKIE } from '#libs/contracts';
import { typeSealer } from '../../../../services/auth/src/preauth/sealed-values.ts';
import { handleSignOut } from '../../../../services/auth/src/preauth/sign-out.ts';
import { ENTRA, OTHER, type PeopleWorld, startPeopleWorld } from '../support/people-world.ts';

/** What is sealed is the id of the session. */
const sealer = typeSealer({
  seal: async () => 'sealed',
  open: async (_purpose, sealed) => ({
    value: { sessionId: sealed, appId: 'app_wiki' },
    expiresAtMs: Number.MAX_VALUE,
  }),
});

describe('sign-out', () => {
  let world: PeopleWorld;
  afterEach(() => world?.stop());

  const signOut = (accessCookie: string) =>
    handleSignOut(
      { ...world, sealer, signInOrigin: 'https://login.example' },
      {
        requestId: 'req_spec',
        client: { address: '192.0.2.7', userAgent: 'spec' },
        cookies: { [ACCESS_COOKIE]: accessCookie },
      },
    );
  const replace = (id: string) =>
    world.userSessions(
      id,
      { type: 'EndSession', reason: 'replaced' },
      { actor: { kind: 'user', id: 'ada' }, correlationId: 'req_spec' },
    );

  it('at an app whose session was replaced after a second factor at another ends the one that replaced it', async () => {
    world = await startPeopleWorld();
    await world.session('ses_1', 'ada', { deviceId: 'dev_desk' });
    await replace('ses_1');
    await world.session('ses_2', 'ada', { deviceId: 'dev_desk' });
    await world.session('ses_other', 'ada', { deviceId: 'dev_desk', identityProvider: OTHER });
    await world.session('ses_phone', 'ada', { deviceId: 'dev_phone' });
    const reply = await signOut('ses_1');
    expect(await world.status('ses_2')).to.equal('ended');
    expect(await world.status('ses_other')).to.equal('ended');
    expect(await world.status('ses_phone'), 'of another browser').to.equal('active');
    expect(reply, 'to the provider of the app').to.include({ kind: 'redirect', location: `${ENTRA}/logout` });
  });

  it('with a session without a device that is over ends nothing', async () => {
    world = await startPeopleWorld();
    await world.session('ses_1', 'ada');
    await replace('ses_1');
    await world.session('ses_2', 'ada');
    expect((await signOut('ses_1')).kind).to.equal('signed-out');
    expect(await world.status('ses_2')).to.equal('active');
  });

  it('reaches sessions of the browser that are not in memory', async () => {
    world = await startPeopleWorld({ maxSessions: 2 });
    await world.session('ses_other', 'ada', { deviceId: 'dev_desk', identityProvider: OTHER });
    await world.session('ses_1', 'ada', { deviceId: 'dev_desk' });
    await world.session('ses_phone', 'ada', { deviceId: 'dev_phone' });
    await world.session('ses_bob', 'bob', { deviceId: 'dev_bob' });
    expect(world.live.peekSession('ses_other')).to.equal(undefined);
    await signOut('ses_1');
    expect(await world.status('ses_1')).to.equal('ended');
    expect(await world.status('ses_other')).to.equal('ended');
    for (const id of ['ses_phone', 'ses_bob']) expect(await world.status(id), id).to.equal('active');
  });
});
