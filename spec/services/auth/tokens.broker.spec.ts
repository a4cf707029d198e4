import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { expect } from 'chai';
import { SignJWT } from 'jose';
import { after, before, describe, it } from 'mocha';
import { changeUser, MANAGE_SCOPE, newId, verifyToken } from '#libs/contracts';
import { callEndpoint } from '#libs/messaging';
import { demoDirectory, obtainToken } from '../../support/identity-provider.ts';
import { until } from '../../support/until.ts';
import { type AuthWorld, startAuthWorld, TENANT } from './support/auth-world.ts';

const [, BOB] = demoDirectory.users;
const CLIENT = { address: '192.0.2.7', userAgent: 'spec' };

describe('verify-token', function tokenSpecs() {
  this.timeout(30_000);
  let world: AuthWorld;
  before(async () => {
    world = await startAuthWorld();
  });
  after(() => world?.stop());

  const verify = (token: string, scope: string = MANAGE_SCOPE) =>
    callEndpoint(world.console, TENANT, verifyToken, { token, scope, requestId: 'req_token', client: CLIENT });
  const tokenOf = (username: string, scope: string = MANAGE_SCOPE) =>
    obtainToken({
      issuer: world.idp.issuer,
      clientId: world.idp.clientIds.cli,
      scope: `api://${world.idp.clientIds.api}/${scope}`,
      username,
      password: username,
      ca: world.idp.ca,
    });
  const operatorToken = (
    change: { key?: KeyObject; iss?: string; aud?: string; validFor?: number; age?: number } = {},
  ) => {
    const now = Math.floor(Date.now() / 1000) - (change.age ?? 0);
    return new SignJWT({})
      .setProtectedHeader({ alg: 'ES256', typ: 'JWT' })
      .setIssuer(change.iss ?? 'sallyport-local-operator')
      .setAudience(change.aud ?? 'api://sallyport')
      .setSubject('local-operator')
      .setIssuedAt(now)
      .setExpirationTime(now + (change.validFor ?? 300))
      .sign(change.key ?? world.operatorKey);
  };

  it('knows administrators by their directory role', async () => {
    expect(await verify(await tokenOf('alice'))).to.deep.include({ status: 'accepted', isAdministrator: true });
    const bob = await verify(await tokenOf('bob'));
    expect(bob).to.deep.include({ status: 'accepted', isAdministrator: false });
    expect(bob.status === 'accepted' && bob.principal.subject).to.equal(BOB.oid);
  });

  it('takes the roles that make an administrator from the configuration', async () => {
    await world.restart({ administratorRoles: ['11111111-0000-4000-8000-000000000000'] });
    expect(await verify(await tokenOf('alice'))).to.deep.include({ status: 'accepted', isAdministrator: false });
    await world.restart();
  });

  it('accepts the local operator of this installation', async () => {
    const reply = await verify(await operatorToken());
    expect(reply).to.deep.include({ status: 'accepted', isAdministrator: true });
    expect(reply.status === 'accepted' && reply.principal.username).to.equal('local-operator');
  });

  it('refuses every other token, says why and records it', async () => {
    const stranger = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
    const cases: readonly [string, string, string?][] = [
      ['no token', ''],
      ['a word', 'secret'],
      ['an operator token of another installation', await operatorToken({ key: stranger })],
      ['an operator token for another audience', await operatorToken({ aud: 'api://other' })],
      ['an operator token valid for an hour', await operatorToken({ validFor: 3600 })],
      ['an expired operator token', await operatorToken({ age: 400 })],
      ['an operator token of another scope', await operatorToken(), 'openid'],
      ['a token signed by nobody we know', await operatorToken({ iss: world.idp.issuer })],
      ['a token of another scope', await tokenOf('alice', 'Connector.Register')],
      ['a changed token', `${(await tokenOf('alice')).slice(0, -8)}AAAAAAAA`],
    ];
    for (const [name, token, scope] of cases) {
      const reply = await verify(token, scope);
      expect(reply, name).to.include({ status: 'refused', reason: 'token-invalid' });
      expect(reply.status === 'refused' && reply.detail, name).to.match(/^The token .* refused: .+\.$/);
    }
    const recorded = await world.factsNamed('TokenRefused');
    expect(recorded.length).to.be.at.least(cases.length);
    expect(recorded.at(-1)?.data).to.deep.include({ reason: 'token-invalid', audience: MANAGE_SCOPE });
  });

  it('refuses who is disabled at once, remembered or not, and the tokens of whom was signed out everywhere', async () => {
    const [ALICE] = demoDirectory.users;
    const change = (type: 'DisableUser' | 'EnableUser' | 'SignOutUserEverywhere') =>
      callEndpoint(world.console, TENANT, changeUser, {
        commandId: newId('cmd'),
        actor: { kind: 'local-operator', id: 'local-operator' },
        correlationId: newId('req'),
        user: ALICE.oid,
        directoryTenant: world.idp.tenantId,
        command: { type },
      });
    const old = await tokenOf('alice');
    expect(await verify(old)).to.include({ status: 'accepted' });
    await change('DisableUser');
    await until(async () => (await verify(old)).status === 'refused');
    const refusals = [await verify(old), await verify(await tokenOf('alice'))];
    for (const refusal of refusals) expect(refusal).to.include({ status: 'refused', reason: 'user-disabled' });
    expect(await verify(await operatorToken())).to.include({ status: 'accepted' });
    await change('EnableUser');
    await until(async () => (await verify(old)).status === 'accepted');
    await change('SignOutUserEverywhere');
    await until(async () => (await verify(old)).status === 'refused');
    expect(await verify(old)).to.include({ status: 'refused', reason: 'token-signed-out' });
    expect((await world.factsNamed('TokenRefused')).at(-1)?.data).to.include({ reason: 'token-signed-out' });
    // Tokens say the second they were made in.
    await until(async () => (await verify(await tokenOf('alice'))).status === 'accepted');
  });

  it('refuses all operator tokens when none is configured', async () => {
    await world.restart({ localOperator: null });
    expect(await verify(await operatorToken())).to.include({ status: 'refused' });
    await world.restart();
  });

  it('records at most 120 refusals a minute and counts the rest', async () => {
    const before = (await world.factsNamed('TokenRefused')).length;
    await world.restart();
    world.log.length = 0;
    world.clock.offsetMs = 1_020_000 - (Date.now() % 60_000);
    const frozen = Array.from({ length: 300 }, () => verify('nonsense'));
    await Promise.all(frozen);
    world.clock.offsetMs = 0;
    const recorded = (await world.factsNamed('TokenRefused')).length - before;
    expect(recorded).to.equal(120);
    await world.restart();
    const lines = world.log.filter((text) => text.includes('refusals beyond the bound were not recorded'));
    const counted = lines.map((line) => Number(Reflect.get(Object(JSON.parse(line)), 'count')));
    expect(counted.reduce((sum, count) => sum + count, 0)).to.equal(300 - recorded);
  });
});
