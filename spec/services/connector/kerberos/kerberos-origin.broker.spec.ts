import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { after, afterEach, before, describe, it } from 'mocha';
import type { AssertionTrust } from '#libs/contracts';
import { type AssertionSigner, createAssertionSigner } from '../../../../services/auth/src/tokens/assertion-signer.ts';
import { createKerberos, type Kerberos } from '../../../../services/connector/src/origins/kerberos/kerberos.ts';
import { TICKET_DEADLINE_MS } from '../../../../services/connector/src/origins/kerberos/tickets.ts';
import { createOriginTable } from '../../../../services/connector/src/origins/origin-table.ts';
import { APP_SPN, OTHER_SPN, REALM } from '../../../support/kerberos-files.ts';
import { findKerberos, type KerberosRealm, startKerberosRealm } from '../../../support/kerberos-realm.ts';
import { until } from '../../../support/until.ts';
import { field, type OriginConfig, OriginWorld, originConfig, silentLogger } from '../origin-world.ts';
import { principalOf, socketsOf, startCuttingFront, ticketProcess } from './kerberos-doubles.ts';

const root = findKerberos();
const AUDIENCE = 'https://one.sallyport.localhost:8443';
const ISSUER = 'https://login.sallyport.localhost:8443';

describe('an origin that takes Kerberos tickets, with a real realm', function () {
  if (root === undefined) {
    it.skip('needs a Kerberos realm (docs/CONTRIBUTING.md)');
    return;
  }
  this.timeout(60_000);
  let realm: KerberosRealm;
  let keyFolder: string;
  let signer: AssertionSigner;
  let stranger: AssertionSigner;
  let kerberos: Kerberos;
  let world: OriginWorld;

  before(async () => {
    realm = await startKerberosRealm(root);
    keyFolder = mkdtempSync(join(tmpdir(), 'sallyport-assertions-'));
    const signerOf = (name: string) =>
      createAssertionSigner({ keyFile: join(keyFolder, name), issuer: ISSUER, nowMs: Date.now });
    signer = signerOf('auth.pem');
    stranger = signerOf('stranger.pem');
    await open();
  });
  after(async () => {
    await close();
    await realm.stop();
    rmSync(keyFolder, { recursive: true, force: true });
  });

  const open = async () => {
    const trust: AssertionTrust = { issuer: ISSUER, keys: [...signer.keys] };
    const { secretsFolder, environment } = realm;
    kerberos = createKerberos({ secretsFolder, environment, trust: () => trust, logger: silentLogger });
    const plain = originConfig(realm.originUrl, { appId: 'app_plain' });
    world = await OriginWorld.start([app(), plain], { authorize: kerberos.authorize });
  };
  const close = async () => {
    await world.stop();
    await kerberos.stop();
  };
  const app = (changes: Partial<OriginConfig['kerberos'] & object> = {}, url = realm.originUrl) =>
    originConfig(url, {
      kerberos: { servicePrincipalName: APP_SPN, realm: null, mechanism: 'spnego', ...changes },
      backendTimeoutSeconds: 30,
    });
  const serve = (...apps: readonly OriginConfig[]) => {
    world.table = createOriginTable([...apps, originConfig(realm.originUrl, { appId: 'app_plain' })]);
  };
  afterEach(() => serve(app()));

  const assertionOf = (login: string, more: { spn?: string; audience?: string; by?: AssertionSigner } = {}) =>
    (more.by ?? signer).sign({
      principal: principalOf(login),
      sessionId: 'ses_1',
      audience: more.audience ?? AUDIENCE,
      delegation: { login, servicePrincipalName: more.spn ?? APP_SPN },
    });
  const get = async (login: string, fields: readonly string[] = [], method = 'GET') =>
    world.fetch(method, '/', { fields: ['X-Sallyport-Assertion', await assertionOf(login), ...fields] });
  const shown = async (answer: ReturnType<typeof get>) => {
    const { head, failure } = await answer;
    if (failure !== undefined) return [failure.reason, failure.retryClass];
    return [head?.status, field(head?.fields, 'x-origin-user')[0]];
  };

  it('knows the user, by a ticket wrapped as browsers do, and by a bare one', async () => {
    expect(await shown(get('alice'))).to.deep.equal([200, `alice@${REALM}`]);
    serve(app({ mechanism: 'kerberos' }));
    expect(await shown(get('alice'))).to.deep.equal([200, `alice@${REALM}`]);
    serve(app({ servicePrincipalName: 'HTTP@app.example.test', realm: REALM }));
    const fields = ['X-Sallyport-Assertion', await assertionOf('carol', { spn: 'HTTP@app.example.test' })];
    expect(await shown(world.fetch('GET', '/', { fields }))).to.deep.equal([200, `carol@${REALM}`]);
  });

  it('knows the user by a user principal name whose suffix is not the realm', async () => {
    // MIT's KDC leaves the name as it was asked for; Active Directory's gives out the account's own (RFC 6806, 5).
    const [status, user] = await shown(get('alice.smith@corp.example'));
    expect([status, user?.toString().replaceAll('\\', '')]).to.deep.equal([200, `alice.smith@corp.example@${REALM}`]);
  });

  it('is shown the user of the assertion, whatever plain headers and Authorization say', async () => {
    const lies = [
      'X-Sallyport-User',
      'carol',
      'Authorization',
      `Basic ${btoa('carol:x')}`,
      'authorization',
      'Negotiate x',
    ];
    expect(await shown(get('alice', lies))).to.deep.equal([200, `alice@${REALM}`]);
  });

  const refusals: readonly (readonly [string, () => Promise<readonly string[]>, string])[] = [
    ['without an assertion', async () => [], 'assertion-refused'],
    [
      'with one that somebody else signed',
      async () => [await assertionOf('alice', { by: stranger })],
      'assertion-refused',
    ],
    [
      'with one for another app',
      async () => [await assertionOf('alice', { audience: 'https://b.test' })],
      'assertion-refused',
    ],
    ['with one for another service', async () => [await assertionOf('alice', { spn: OTHER_SPN })], 'assertion-refused'],
    ['with one without a login', async () => [await withoutLogin()], 'assertion-refused'],
    ['of a user the realm does not know', async () => [await assertionOf('nobody')], 'kerberos-user-refused'],
    ['of a name that is more than one', async () => [await assertionOf('alice/admin')], 'kerberos-user-refused'],
    [
      'of a user of another realm',
      async () => [await assertionOf(`alice@${REALM}@OTHER.TEST`)],
      'kerberos-user-refused',
    ],
    [
      'of a user whose tickets may not be forwarded',
      async () => [await assertionOf('bob')],
      'kerberos-delegation-refused',
    ],
  ];
  const withoutLogin = () =>
    signer.sign({ principal: principalOf('alice'), sessionId: 'ses_1', audience: AUDIENCE, delegation: null });
  for (const [what, assertion, reason] of refusals) {
    it(`hears nothing of a request ${what}`, async () => {
      const [value] = await assertion();
      const fields = value === undefined ? [] : ['X-Sallyport-Assertion', value];
      const { failure } = await world.fetch('GET', '/', { fields });
      expect([failure?.reason, failure?.retryClass]).to.deep.equal([reason, 'not-dispatched']);
    });
  }

  it('hears nothing of a request to a service that the account may not delegate to, and the log names both', async () => {
    serve(app({ servicePrincipalName: OTHER_SPN }));
    const { failure } = await world.fetch('GET', '/', {
      fields: ['X-Sallyport-Assertion', await assertionOf('alice', { spn: OTHER_SPN })],
    });
    expect(failure?.reason).to.equal('kerberos-delegation-refused');
    expect(failure?.text).to.include('alice to HTTP/other.example.test');
  });

  it('never takes one user for another on connections it signs in, many at once', async () => {
    serve(app({}, realm.boundOriginUrl));
    const users = Array.from({ length: 60 }, (_, index) => (index % 2 === 0 ? 'alice' : 'carol'));
    const answers = await Promise.all(users.map((user) => shown(get(user))));
    expect(answers).to.deep.equal(users.map((user) => [200, `${user}@${REALM}`]));
    for (const user of ['alice', 'carol', 'alice', 'carol'])
      expect(await shown(get(user))).to.deep.equal([200, `${user}@${REALM}`]);
  });

  it('is sent a fresh ticket when a request goes out once more', async () => {
    const front = await startCuttingFront(realm.originUrl);
    try {
      serve(app({}, front.url));
      expect(await shown(get('alice'))).to.deep.equal([200, `alice@${REALM}`]);
      expect(front.tickets).to.have.length(2);
      expect(new Set(front.tickets).size).to.equal(2);
    } finally {
      await front.stop();
    }
  });

  it('is not asked while the KDC is silent; kept users and other apps are served, and all is well after it', async () => {
    expect(await shown(get('alice'))).to.deep.equal([200, `alice@${REALM}`]);
    realm.freeze();
    try {
      const startedAt = performance.now();
      const strangers = Promise.all(Array.from({ length: 30 }, (_, index) => get(`user${index}`)));
      expect(await shown(get('alice'))).to.deep.equal([200, `alice@${REALM}`]);
      const { head } = await world.fetch('GET', '/open/', { appId: 'app_plain' });
      expect(head?.status).to.equal(200);
      expect(performance.now() - startedAt, 'milliseconds of both').to.be.below(1_500);
      const failures = (await strangers).map(({ failure }) => failure?.reason);
      expect(new Set(failures)).to.deep.equal(new Set(['kerberos-unavailable']));
      expect(performance.now() - startedAt).to.be.within(TICKET_DEADLINE_MS - 100, TICKET_DEADLINE_MS + 1_500);
    } finally {
      realm.thaw();
    }
    await until(async () => (await get('carol')).head?.status === 200, { deadlineMs: 40_000, what: 'carol signed in' });
  });

  it('works for the next request when the ticket process was killed in the midst of its work', async () => {
    expect(await shown(get('alice'))).to.deep.equal([200, `alice@${REALM}`]);
    realm.freeze();
    const pid = await ticketProcess();
    const before = socketsOf(pid);
    const lost = get('dora');
    await until(() => socketsOf(pid) > before, { what: 'a question to the KDC' });
    const killedAt = performance.now();
    process.kill(pid, 'SIGKILL');
    expect((await lost).failure?.reason).to.equal('kerberos-unavailable');
    realm.thaw();
    expect(await shown(get('alice'))).to.deep.equal([200, `alice@${REALM}`]);
    expect(performance.now() - killedAt, 'milliseconds').to.be.below(4_000);
    expect(await ticketProcess()).not.to.equal(pid);
  });

  it('leaves no process behind when the connector stops while the KDC is silent', async () => {
    const pid = await ticketProcess();
    realm.freeze();
    try {
      const lost = get('erik');
      await close();
      expect((await lost).failure?.reason).to.be.oneOf(['kerberos-unavailable', 'stopped']);
      expect(() => process.kill(pid, 0)).to.throw(/ESRCH/);
    } finally {
      realm.thaw();
      await open();
    }
  });
});
