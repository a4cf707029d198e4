import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { after, afterEach, before, beforeEach, describe, it } from 'mocha';
import {
  type AppFact,
  type AuthorizeReply,
  assertionKeys,
  newId,
  type SingleSignOn,
  sealSecret,
} from '#libs/contracts';
import { callEndpoint } from '#libs/messaging';
import { ORIGIN_SECRET_KEY_FILE } from '../../../../services/auth/src/single-sign-on/origin-secrets.ts';
import { demoDirectory } from '../../../support/identity-provider.ts';
import { until } from '../../../support/until.ts';
import { type AuthWorld, published, SIGN_IN_URL, startAuthWorld, TENANT } from '../support/auth-world.ts';
import { BrowserDouble } from '../support/browser-double.ts';
import { fieldRecord, issued, startTokenService, type TokenServiceDouble } from './support.ts';

const [ALICE] = demoDirectory.users;
const KEPT = { keepClaims: ['department'] };
const actor = { kind: 'local-operator', id: 'local-operator' } as const;
const CLAIM_HEADERS = [
  { header: 'X-User', claim: 'username' },
  { header: 'X-Department', claim: 'department' },
  { header: 'X-Nothing', claim: 'nothing' },
];

type Allowed = Extract<AuthorizeReply, { verdict: 'allow' }>;

describe('single sign-on to origins', function singleSignOnSpecs() {
  this.timeout(30_000);
  let world: AuthWorld;
  let browser: BrowserDouble;
  let service: TokenServiceDouble;
  before(async () => {
    world = await startAuthWorld();
    await world.restart(KEPT);
  });
  after(() => world?.stop());
  beforeEach(async () => {
    browser = new BrowserDouble(world.ingress, world.idp.ca);
    service = await startTokenService();
  });
  afterEach(async () => {
    world.clock.offsetMs = 0;
    await service.stop();
  });

  const change = async (id: string, facts: readonly AppFact[]) => {
    const told = world.revocations.filter(({ appIds }) => appIds.includes(id)).length;
    await world.appendApp(id, facts);
    await until(() => world.revocations.filter(({ appIds }) => appIds.includes(id)).length > told, {
      what: 'the change',
    });
  };
  const signOnBy = (singleSignOn: SingleSignOn): AppFact => ({
    type: 'AppSingleSignOnChanged',
    data: { singleSignOn },
  });
  /** An app of her own for each spec, and Alice signed in to it. */
  const open = async (singleSignOn: SingleSignOn) => {
    const id = newId('app');
    const url = `https://${id.slice(4).replaceAll('_', '-')}.sallyport.localhost:8443/`;
    await change(id, [...published({ url, users: [ALICE.oid] }), signOnBy(singleSignOn)]);
    await browser.signIn('alice', id, url);
    return { id, url, authorize: () => browser.authorize(id, url) };
  };
  const seal = async (secret: string) => {
    const request = { commandId: newId('cmd'), actor, correlationId: 'req_spec', secret };
    return (await callEndpoint(world.console, TENANT, sealSecret, request)).sealed;
  };
  const exchangeWith = async (): Promise<SingleSignOn> => ({
    claimHeaders: [],
    authorization: {
      kind: 'token-exchange',
      tokenEndpoint: service.url,
      clientId: 'sallyport',
      sealedClientSecret: await seal('client secret'),
      audience: null,
      scope: null,
    },
  });
  const allowed = async (asked: Promise<AuthorizeReply>): Promise<Allowed> => {
    const reply = await asked;
    if (reply.verdict !== 'allow') throw new Error(JSON.stringify(reply));
    return reply;
  };
  const fieldsOf = async (asked: Promise<AuthorizeReply>) => fieldRecord((await allowed(asked)).originFields ?? []);

  it('sends headers from claims of the sign-in, and none for a claim that nobody has', async () => {
    const app = await open({ claimHeaders: CLAIM_HEADERS, authorization: null });
    expect(await fieldsOf(app.authorize())).to.deep.equal({
      'X-User': 'alice@sallyport.example',
      'X-Department': ALICE.claims.department,
    });
  });

  it('sends nothing for an app without it', async () => {
    const app = await open({ claimHeaders: [], authorization: null });
    expect((await allowed(app.authorize())).originFields).to.equal(undefined);
  });

  it('sends a sealed secret, and the next one as soon as it is rotated', async () => {
    const basic = async (password: string): Promise<SingleSignOn> => ({
      claimHeaders: [],
      authorization: { kind: 'basic', username: 'svc', sealedPassword: await seal(password) },
    });
    const app = await open(await basic('one'));
    const shownAs = (password: string) => ({
      Authorization: `Basic ${Buffer.from(`svc:${password}`).toString('base64')}`,
    });
    expect(await fieldsOf(app.authorize())).to.deep.equal(shownAs('one'));
    await change(app.id, [signOnBy(await basic('two'))]);
    expect(await fieldsOf(app.authorize())).to.deep.equal(shownAs('two'));
    await change(app.id, [
      signOnBy({ claimHeaders: [], authorization: { kind: 'bearer', sealedToken: await seal('t') } }),
    ]);
    expect(await fieldsOf(app.authorize())).to.deep.equal({ Authorization: 'Bearer t' });
  });

  it('refuses to seal what would end a header or fit none, and says nothing of it', async () => {
    for (const secret of ['S3cret\r\nX-Admin: 1', `S3cret${'é'.repeat(2_100)}`, '\ufeffS3cret']) {
      const [outcome] = await Promise.allSettled([seal(secret)]);
      if (outcome.status !== 'rejected') throw new Error('expected a refusal');
      expect(outcome.reason).to.include({ code: 'ERR_AUTH_SECRET' });
      expect(String(outcome.reason)).not.to.contain('S3cret');
    }
  });

  it('sends the longest user name and password there can be', async () => {
    const [username, password] = ['\u{10ffff}'.repeat(160), 'x'.repeat(4_096)];
    const sealedPassword = await seal(password);
    const app = await open({ claimHeaders: [], authorization: { kind: 'basic', username, sealedPassword } });
    const { Authorization = '' } = await fieldsOf(app.authorize());
    expect(Buffer.from(Authorization.slice(6), 'base64').toString('utf8')).to.equal(`${username}:${password}`);
  });

  it('keeps a secret over restarts, and denies when its key is lost, until it is given again', async () => {
    const bearer = async (): Promise<SingleSignOn> => ({
      claimHeaders: [],
      authorization: { kind: 'bearer', sealedToken: await seal('t') },
    });
    const app = await open(await bearer());
    await world.restart(KEPT);
    expect(await fieldsOf(app.authorize())).to.deep.equal({ Authorization: 'Bearer t' });
    rmSync(join(world.keyDirectory, ORIGIN_SECRET_KEY_FILE));
    await world.restart(KEPT);
    const denied = await app.authorize();
    expect(denied).to.include({ verdict: 'deny', reason: 'single-sign-on-secret-unreadable' });
    await change(app.id, [signOnBy(await bearer())]);
    expect(await fieldsOf(app.authorize())).to.deep.equal({ Authorization: 'Bearer t' });
  });

  it('exchanges the assertion, which any token service can check, and holds the decision no longer than the token', async () => {
    service.answer = (_asked, count) => issued(`token-${count}`, { expires_in: 70 });
    const app = await open(await exchangeWith());
    const reply = await allowed(app.authorize());
    expect(fieldRecord(reply.originFields ?? [])).to.deep.equal({ Authorization: 'Bearer token-1' });
    expect(reply.cacheSeconds).to.be.within(37, 40);
    const keys = await callEndpoint(world.ingress, TENANT, assertionKeys, {});
    const subjectToken = service.asked[0]?.form.get('subject_token') ?? '';
    const { payload } = await jwtVerify(subjectToken, createLocalJWKSet({ keys: keys.keys }), {
      issuer: new URL(SIGN_IN_URL).origin,
      audience: new URL(app.url).origin,
      algorithms: ['ES256'],
    });
    expect(payload).to.include({ sub: ALICE.oid, preferred_username: 'alice@sallyport.example' });
    expect(subjectToken).to.equal(reply.identity.assertion);
    await app.authorize();
    expect(service.asked.length).to.equal(1);
    world.clock.offsetMs = 41_000;
    expect(await fieldsOf(app.authorize())).to.deep.equal({ Authorization: 'Bearer token-2' });
  });

  it('denies with the token service named and a receipt, once for those who press reload, and passes when it is mended', async () => {
    service.answer = () => ({ status: 400, body: { error: 'invalid_grant' } });
    const app = await open(await exchangeWith());
    const denied = await app.authorize();
    if (denied.verdict !== 'deny') throw new Error(JSON.stringify(denied));
    expect(denied).to.include({ reason: 'single-sign-on-refused', username: 'alice@sallyport.example' });
    expect(denied.detail).to.contain(new URL(service.url).host).and.to.contain('(invalid_grant)');
    expect(await app.authorize()).to.deep.equal(denied);
    expect(service.asked.length).to.equal(1);
    const granted = (await world.factsNamed('AccessGranted')).find(({ commit }) => commit.id === denied.decisionId);
    expect(granted?.data).to.deep.include({ appId: app.id });
    service.answer = () => issued('token-2');
    world.clock.offsetMs = 5_500;
    expect(await fieldsOf(app.authorize())).to.deep.equal({ Authorization: 'Bearer token-2' });
  });

  it('denies while the token service is away, never lets a request go without its header', async () => {
    const app = await open(await exchangeWith());
    service.answer = () => ({ status: 503, body: {} });
    expect(await app.authorize()).to.include({ verdict: 'deny', reason: 'single-sign-on-unavailable' });
  });

  it('writes no secret and no token into the log', () => {
    expect(world.log.join('')).not.to.match(/client secret|token-[12]|S3cret/);
  });
});
