import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { after, afterEach, before, beforeEach, describe, it } from 'mocha';
import { type AppState, connectorGroupId, type OriginAuthorization, SETTINGS_SINCE_V2 } from '#libs/contracts';
import { createLogger } from '#libs/telemetry';
import type { SignedOn, SignOnOutcome } from '../../../../services/auth/src/single-sign-on/origin-fields.ts';
import { createSignOn, type SignOn } from '../../../../services/auth/src/single-sign-on/sign-on.ts';
import { writeTlsCertificate } from '../../../support/tls-certificate.ts';
import { until } from '../../../support/until.ts';
import { issued, signedOn, startTokenService, type TokenReply, type TokenServiceDouble } from './support.ts';

type Exchange = Extract<OriginAuthorization, { kind: 'token-exchange' }>;

const SECRET = 'cl:ient secret+€';

describe('token exchange', () => {
  let folder: string;
  let tls: { readonly cert: string; readonly key: string; readonly certFile: string };
  let service: TokenServiceDouble;
  let signOn: SignOn;
  let log: string[];
  let offsetMs: number;
  let settings: Exchange;

  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-exchange-'));
    tls = await writeTlsCertificate(folder);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));
  beforeEach(async () => {
    service = await startTokenService();
    log = [];
    offsetMs = 0;
    signOn = newSignOn();
    settings = {
      kind: 'token-exchange',
      tokenEndpoint: service.url,
      clientId: 'sally port',
      sealedClientSecret: await signOn.secrets.seal(SECRET),
      audience: 'https://api.example.com',
      scope: 'read write',
    };
  });
  afterEach(async () => {
    await signOn.stop();
    await service.stop();
  });

  const newSignOn = (tokenServiceCaFile?: string): SignOn =>
    createSignOn({
      keyDirectory: folder,
      tokenServiceCaFile,
      nowMs: () => Date.now() + offsetMs,
      logger: createLogger({ service: 'auth', write: (line) => log.push(line) }),
    });
  const appOf = (authorization: Exchange, externalUrl = 'https://api.sallyport.localhost:8443/'): AppState => ({
    status: 'published',
    ...SETTINGS_SINCE_V2,
    name: 'API',
    internalUrl: 'http://localhost:3000/',
    externalUrl,
    preauthentication: 'oidc',
    connectorGroupId: connectorGroupId.parse('grp_default'),
    backendTimeoutSeconds: 85,
    cookieFlags: { httpOnly: true, persistent: false, sameSite: 'lax' },
    translateHeaders: true,
    validateBackendCertificate: true,
    users: [],
    groups: [],
    roles: [],
    singleSignOn: { claimHeaders: [{ header: 'X-User', claim: 'username' }], authorization },
  });
  const ask = (person: SignedOn = signedOn(), app: AppState = appOf(settings)): Promise<SignOnOutcome> =>
    signOn.fieldsOf(app, person);
  const tokenOf = async (asked: Promise<SignOnOutcome>): Promise<string> => {
    const outcome = await asked;
    if (outcome.kind === 'refused') throw new Error(outcome.detail);
    expect(outcome.fields.slice(0, 3)).to.deep.equal(['X-User', 'ada@example.com', 'Authorization']);
    return outcome.fields[3]?.replace(/^Bearer /, '') ?? '';
  };

  it('asks with the signed assertion, as a client with a secret, and sends what comes', async () => {
    expect(await tokenOf(ask())).to.equal('token-1');
    const [asked] = service.asked;
    expect(Object.fromEntries(asked?.form ?? [])).to.deep.equal({
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: 'assertion.of.ses_1',
      subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
      requested_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      audience: 'https://api.example.com',
      scope: 'read write',
    });
    const [id = '', secret = ''] = Buffer.from(asked?.headers.authorization?.slice(6) ?? '', 'base64')
      .toString('utf8')
      .split(':');
    expect([id, secret].map((part) => new URLSearchParams(`x=${part}`).get('x'))).to.deep.equal(['sally port', SECRET]);
  });

  it('leaves audience and scope out where the app names none', async () => {
    settings = { ...settings, audience: null, scope: null };
    await ask();
    expect([...(service.asked[0]?.form.keys() ?? [])]).not.to.include.any.members(['audience', 'scope']);
  });

  it('keeps a token per session and app until 30 s before its end, and says until when', async () => {
    service.answer = (_asked, count) => issued(`token-${count}`);
    const outcome = await ask();
    if (outcome.kind === 'refused') throw new Error(outcome.detail);
    expect((outcome.validUntilMs ?? 0) - Date.now()).to.be.within(265_000, 270_000);
    expect(await tokenOf(ask())).to.equal('token-1');
    expect(await tokenOf(ask(signedOn({}, 'ses_2')))).to.equal('token-2');
    expect(await tokenOf(ask(signedOn(), appOf(settings, 'https://other.example/')))).to.equal('token-3');
    offsetMs = 269_000;
    expect(await tokenOf(ask())).to.equal('token-1');
    offsetMs = 271_000;
    expect(await tokenOf(ask())).to.equal('token-4');
  });

  it('exchanges anew for another secret, another audience and other groups of the same person', async () => {
    service.answer = (_asked, count) => issued(`token-${count}`);
    await ask();
    expect(await tokenOf(ask(signedOn({ groups: [] })))).to.equal('token-2');
    settings = { ...settings, audience: 'other' };
    expect(await tokenOf(ask())).to.equal('token-3');
    settings = { ...settings, sealedClientSecret: await signOn.secrets.seal('next') };
    expect(await tokenOf(ask())).to.equal('token-4');
  });

  for (const [life, half] of [
    [30, 15],
    [4, 2],
    [59, 29.5],
  ] as const)
    it(`uses a token that is good for ${life} s for half of that`, async () => {
      service.answer = (_asked, count) => issued(`token-${count}`, { expires_in: life });
      await ask();
      offsetMs = half * 1000 - 900;
      expect(await tokenOf(ask())).to.equal('token-1');
      offsetMs = half * 1000 + 1;
      expect(await tokenOf(ask())).to.equal('token-2');
    });

  it('uses a token of no life once, and one of unknown life for a minute', async () => {
    service.answer = (_asked, count) => issued(`token-${count}`, { expires_in: 0 });
    await ask();
    expect(await tokenOf(ask())).to.equal('token-2');
    service.answer = (_asked, count) => issued(`token-${count}`, { expires_in: undefined });
    expect(await tokenOf(ask())).to.equal('token-3');
    offsetMs = 58_000;
    expect(await tokenOf(ask())).to.equal('token-3');
    offsetMs = 61_000;
    expect(await tokenOf(ask())).to.equal('token-4');
  });

  it('asks once for requests that come together', async () => {
    const tokens = await Promise.all(Array.from({ length: 20 }, () => tokenOf(ask())));
    expect(new Set(tokens)).to.deep.equal(new Set(['token-1']));
    expect(service.asked.length).to.equal(1);
  });

  for (const error of ['invalid_grant', 'invalid_target', 'invalid_client', 'invalid_scope', 'unauthorized_client'])
    it(`denies when the token service answers ${error}, and names it; the next one may pass`, async () => {
      service.answer = () => ({ status: error === 'invalid_client' ? 401 : 400, body: { error } });
      const outcome = await ask();
      expect(outcome).to.include({ kind: 'refused', reason: 'single-sign-on-refused' });
      if (outcome.kind === 'refused')
        expect(outcome.detail).to.contain(new URL(service.url).host).and.to.contain(`(${error})`);
      service.answer = () => issued('token-2');
      expect(await ask(), 'for 5 s').to.deep.equal(outcome);
      expect(service.asked).to.have.length(1);
      offsetMs = 5_001;
      expect(await tokenOf(ask())).to.equal('token-2');
    });

  const TROUBLE: Readonly<Record<string, TokenReply>> = {
    'an error of its own': { status: 500, body: { error: 'server_error' } },
    'too many requests': { status: 429, body: { error: 'slow_down' } },
    temporarily_unavailable: { status: 400, body: { error: 'temporarily_unavailable' } },
    'a page': { status: 200, body: '<html>' },
    'an error page': { status: 400, body: '<html>' },
    'an error that is no code': { status: 400, body: { error: 'bad <b>' } },
    'a list': { body: [] },
    'no token': { body: { token_type: 'Bearer' } },
    'a token with a line break': issued('a\r\nX-Admin: 1'),
    'a token with a blank': issued('a b'),
    'an empty token': issued(''),
    'a token that fits no header': issued('x'.repeat(8_001)),
    'a token of another type': issued('t', { token_type: 'N_A' }),
    'a token that is none for an API': issued('t', { issued_token_type: 'urn:ietf:params:oauth:token-type:id_token' }),
    'a token of no type': issued('t', { issued_token_type: undefined }),
    'a life that is no number': issued('t', { expires_in: '300' }),
    'a negative life': issued('t', { expires_in: -1 }),
    'a redirect': { status: 302, headers: { location: '/elsewhere' }, body: {} },
    'a redirect that keeps the method': { status: 307, headers: { location: '/elsewhere' }, body: {} },
    'more than 1 MiB': { trouble: 'forever' },
  };
  for (const [what, reply] of Object.entries(TROUBLE))
    it(`is unavailable when the token service answers with ${what}`, async () => {
      service.answer = () => reply;
      const outcome = await ask();
      expect(outcome).to.include({ kind: 'refused', reason: 'single-sign-on-unavailable' });
      if (outcome.kind === 'refused') expect(outcome.detail).to.contain(new URL(service.url).host);
      expect(service.asked.length, 'no redirect is followed').to.equal(1);
    });

  it('is unavailable when nobody listens, or nobody answers in time', async () => {
    service.answer = () => ({ trouble: 'never' });
    const since = performance.now();
    expect(await ask()).to.include({ reason: 'single-sign-on-unavailable' });
    expect(performance.now() - since).to.be.within(3_500, 4_900);
    const { url } = service;
    await service.stop();
    expect(await ask(signedOn({}, 'ses_2'))).to.include({ reason: 'single-sign-on-unavailable' });
    service = await startTokenService();
    expect(log.join('')).to.contain(new URL(url).host);
  });

  it('has no more time than is left of the decision, and asks nobody when that is less than a second', async () => {
    service.answer = () => ({ trouble: 'never' });
    const since = performance.now();
    const late = await ask({ ...signedOn(), deadlineMs: Date.now() + 1_500 });
    expect(late).to.include({ reason: 'single-sign-on-unavailable' });
    expect(performance.now() - since).to.be.within(1_300, 2_400);
    expect(await ask({ ...signedOn({}, 'ses_2'), deadlineMs: Date.now() + 900 })).to.include({
      reason: 'single-sign-on-unavailable',
    });
    expect(service.asked).to.have.length(1);
  });

  it('waits no longer than its own time for an exchange that another request began', async () => {
    service.answer = () => ({ trouble: 'never' });
    const first = ask();
    await until(() => service.asked.length === 1, { what: 'the exchange' });
    const since = performance.now();
    const joined = await ask({ ...signedOn(), deadlineMs: Date.now() + 500 });
    expect(joined).to.include({ reason: 'single-sign-on-unavailable' });
    expect(performance.now() - since).to.be.within(400, 1_500);
    expect(service.asked).to.have.length(1);
    await first;
  });

  it('logs neither secret nor assertion nor token', async () => {
    service.answer = (_asked, count) =>
      count === 1
        ? { status: 400, body: { error: 'invalid_grant', error_description: 'assertion.of.ses_1' } }
        : issued('secret token');
    await ask();
    offsetMs = 6_000;
    await ask();
    service.answer = () => issued('token-1');
    offsetMs = 12_000;
    await ask();
    expect(log.length).to.equal(2);
    expect(log.join('')).not.to.match(/assertion\.of|ient secret|secret token|token-1/);
  });

  it('denies without asking when the client secret cannot be read', async () => {
    settings = { ...settings, sealedClientSecret: 'gone' };
    expect(await ask()).to.include({ kind: 'refused', reason: 'single-sign-on-secret-unreadable' });
    expect(service.asked).to.deep.equal([]);
    await ask();
    expect(log, 'told once').to.have.length(1);
    expect(log[0]).to.contain('https://api.sallyport.localhost:8443/').and.not.to.contain('gone');
    await ask(signedOn(), appOf(settings, 'https://other.example/'));
    expect(log, 'of each app').to.have.length(2);
  });

  it('trusts a token service with a certificate of its own authority only when told to', async () => {
    const secure = await startTokenService(tls);
    const trusting = newSignOn(tls.certFile);
    try {
      settings = { ...settings, tokenEndpoint: secure.url };
      expect(await ask()).to.include({ reason: 'single-sign-on-unavailable' });
      expect(secure.asked).to.deep.equal([]);
      expect(await tokenOf(trusting.fieldsOf(appOf(settings), signedOn()))).to.equal('token-1');
    } finally {
      await trusting.stop();
      await secure.stop();
    }
  });
});
