import { expect } from 'chai';
import { afterEach, describe, it } from 'mocha';
import { SallyportError } from '#libs/errors';
import { IdentityProviderError } from '../../../../services/auth/src/errors.ts';
import type { LogoutToken } from '../../../../services/auth/src/identity-provider/identity-provider.ts';
import { handleProviderLogout } from '../../../../services/auth/src/provider-logout/provider-logout.ts';
import { RecentSignOuts } from '../../../../services/auth/src/provider-logout/recent-sign-outs.ts';
import { SeenTokens } from '../../../../services/auth/src/provider-logout/seen-tokens.ts';
import { ENTRA, OTHER, type PeopleWorld, startPeopleWorld } from '../support/people-world.ts';

const NOBODY: LogoutToken = {
  subject: null,
  sessionId: null,
  tokenId: 'jti-1',
  issuedAtMs: Date.now(),
  expiresAtMs: Date.now() + 3_600_000,
  issuer: OTHER,
};
const ofOther = { identityProvider: OTHER, providerSubject: 'sub-ada', providerSessionId: 'sid-1' };

describe('sign-out by the identity provider', () => {
  let world: PeopleWorld;
  let seen: SeenTokens;
  let signOuts: RecentSignOuts;
  afterEach(() => world?.stop());

  /** Sessions of ada at both providers, one more of hers at the other one, and one of bob there. */
  const given = async (token: Partial<LogoutToken> | Error, maxSessions?: number) => {
    world = await startPeopleWorld({
      checkLogoutToken: async () => {
        if (token instanceof Error) throw token;
        return { ...NOBODY, ...token };
      },
      ...(maxSessions === undefined ? {} : { maxSessions }),
    });
    seen = new SeenTokens(world.nowMs);
    signOuts = new RecentSignOuts(world.nowMs);
    await world.session('ses_one', 'ada', ofOther);
    await world.session('ses_two', 'ada', { ...ofOther, providerSessionId: 'sid-2' });
    await world.session('ses_bob', 'bob', { ...ofOther, providerSubject: 'sub-bob', providerSessionId: 'sid-3' });
    await world.session('ses_entra', 'ada', { ...ofOther, identityProvider: ENTRA });
    await world.session('ses_old', 'ada', { identityProvider: OTHER });
  };
  const client = { address: '192.0.2.7', userAgent: 'spec' };
  const backChannel = (providerId: string | null = 'other') =>
    handleProviderLogout(
      { ...world, seen, signOuts },
      { requestId: 'req_spec', client, message: { kind: 'back-channel', providerId, logoutToken: 'signed' } },
    );
  const frontChannel = (issuer: string | null, providerSessionId: string) =>
    handleProviderLogout(
      { ...world, seen, signOuts },
      { requestId: 'req_spec', client, message: { kind: 'front-channel', issuer, providerSessionId } },
    );

  it('ends the session its token names by sid', async () => {
    await given({ sessionId: 'sid-1' });
    expect(await backChannel()).to.deep.equal({ status: 'ended', sessionIds: ['ses_one'], issuers: [OTHER] });
    expect((await world.live.session('ses_one')).state).to.include({ reason: 'provider-signed-out' });
    expect(await world.status('ses_entra'), 'the same sid at another provider').to.equal('active');
  });

  it('ends all sessions of the person its token names by sub, at that provider alone', async () => {
    await given({ subject: 'sub-ada' });
    expect(await backChannel()).to.deep.include({ sessionIds: ['ses_two', 'ses_one'] });
    for (const id of ['ses_bob', 'ses_entra', 'ses_old']) expect(await world.status(id), id).to.equal('active');
  });

  it('ends none when sid and sub do not belong together', async () => {
    await given({ subject: 'sub-bob', sessionId: 'sid-1' });
    expect(await backChannel()).to.deep.include({ status: 'ended', sessionIds: [] });
  });

  it('finds sessions that are not in memory', async () => {
    await given({ subject: 'sub-ada' }, 1);
    expect(await backChannel()).to.deep.include({ sessionIds: ['ses_one', 'ses_two'] });
    expect(await world.status('ses_bob')).to.equal('active');
  });

  it('told by a token waits for a session that another instance began a moment ago', async () => {
    await given({ sessionId: 'sid-new' });
    world.delay.ms = 200;
    await world.session('ses_new', 'ada', { ...ofOther, providerSessionId: 'sid-new' }, { isAwaited: false });
    expect(world.live.peekSession('ses_new'), 'not known here yet').to.equal(undefined);
    expect(await backChannel()).to.deep.include({ sessionIds: ['ses_new'] });
  });

  it('told by the browser reads nothing, whoever asks, and refuses a sign-in that had begun', async () => {
    await given({});
    const before = world.reads.count;
    const begunAtMs = world.nowMs();
    await Promise.all(Array.from({ length: 20 }, (_none, i) => frontChannel(OTHER, `sid-guessed-${i}`)));
    expect(world.reads.count - before).to.equal(0);
    const signedIn = { providerSessionId: 'sid-guessed-3', providerSubject: 'sub-ada', authenticatedAtMs: null };
    expect(signOuts.isSignedOut(OTHER, signedIn, begunAtMs)).to.equal(true);
  });

  it('told by many tokens at once reads ahead once for those that wait', async () => {
    await given({ sessionId: 'sid-unknown' });
    const before = world.reads.count;
    await Promise.all(Array.from({ length: 20 }, () => world.live.catchUp(2_000)));
    expect(world.reads.count - before).to.equal(2);
  });

  it('takes a token once', async () => {
    await given({ sessionId: 'sid-1' });
    await backChannel();
    expect(await backChannel()).to.include({ status: 'refused', reason: 'logout-token-replayed' });
    expect(world.refused.map(({ type, data }) => [type, data.reason])).to.deep.equal([
      ['TokenRefused', 'logout-token-replayed'],
    ]);
  });

  it('takes it again when the sessions could not be ended', async () => {
    await given({ sessionId: 'sid-1' });
    const works = world.userSessions;
    world.userSessions = () =>
      Promise.reject(new SallyportError('ERR_EVENTS_UNAVAILABLE', 'the hub is away', { retryable: true }));
    const failed = await backChannel().catch((error: unknown) => error);
    expect(failed).to.include({ code: 'ERR_EVENTS_UNAVAILABLE' });
    world.userSessions = works;
    expect(await backChannel()).to.deep.include({ sessionIds: ['ses_one'] });
  });

  it('ends nothing by a token that is refused, and records why', async () => {
    await given(new IdentityProviderError('token-invalid', 'it carries a nonce, as no logout token does'));
    expect(await backChannel()).to.deep.equal({
      status: 'refused',
      reason: 'token-invalid',
      detail: 'it carries a nonce, as no logout token does',
    });
    expect(world.refused).to.have.length(1);
    expect(await world.status('ses_one')).to.equal('active');
  });

  it('ends nothing for a provider that is not configured', async () => {
    await given({ sessionId: 'sid-1' });
    expect(await backChannel('nobody')).to.include({ status: 'refused', reason: 'identity-provider-unknown' });
    expect(await frontChannel('https://evil.example', 'sid-1')).to.include({ reason: 'identity-provider-unknown' });
    expect(await world.status('ses_one')).to.equal('active');
  });

  it('by the browser ends the session of this issuer and sid alone, and says nothing else when there is none', async () => {
    await given({});
    expect(await frontChannel(OTHER, 'sid-unknown')).to.deep.equal({
      status: 'ended',
      sessionIds: [],
      issuers: [OTHER],
    });
    expect(await frontChannel(OTHER, 'sid-1')).to.deep.equal({
      status: 'ended',
      sessionIds: ['ses_one'],
      issuers: [OTHER],
    });
    expect(await frontChannel(OTHER, 'sid-1')).to.deep.include({ sessionIds: [] });
    expect(await world.status('ses_entra')).to.equal('active');
  });

  it('by the browser without issuer, as Entra ID does it, is of an Entra provider', async () => {
    await given({});
    expect(await frontChannel(null, 'sid-2')).to.deep.equal({ status: 'ended', sessionIds: [], issuers: [ENTRA] });
    expect(await frontChannel(null, 'sid-1')).to.deep.include({ sessionIds: ['ses_entra'] });
    expect(await world.status('ses_one')).to.equal('active');
  });
});
