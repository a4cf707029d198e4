import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { ScriptedBrowser } from '#libs/identity';
import type { AnnouncedApp } from '../../services/launcher/src/announcement.ts';
import { APP_SPN, OTHER_SPN, REALM } from '../support/kerberos-files.ts';
import { findKerberos, type KerberosRealm, startKerberosRealm } from '../support/kerberos-realm.ts';
import { until } from '../support/until.ts';
import { startWorld, WORLD_TIMEOUT_MS, type World } from '../support/world.ts';

const root = findKerberos();

describe('an app behind Kerberos, from the command of an admin to the ticket', function kerberosJourney() {
  if (root === undefined) {
    it.skip('needs a Kerberos realm (docs/CONTRIBUTING.md)');
    return;
  }
  this.timeout(60_000);
  let realm: KerberosRealm;
  let world: World;
  let app: AnnouncedApp;

  before(async function startAll() {
    this.timeout(WORLD_TIMEOUT_MS + 60_000);
    realm = await startKerberosRealm(root);
    world = await withLibraries(realm, () => startWorld());
    await cp(realm.secretsFolder, join(world.start.dataDir, 'connector', 'secrets'), { recursive: true });
    const authorization = { kind: 'kerberos', servicePrincipalName: APP_SPN, delegatedLogin: 'user-part' };
    app = await world.publish(
      { name: 'Kerberos wiki', internalUrl: realm.originUrl, singleSignOn: { authorization } },
      ['alice', 'bob', 'carol'],
    );
  });
  after(async () => {
    await world?.stop();
    await realm?.stop();
  });

  const browserOf = (username: string) => world.signIn(username, app.externalUrl);
  const open = async (browser: ScriptedBrowser) => {
    const headers = { cookie: browser.cookieHeader(app.externalUrl), accept: 'application/json' };
    const answer = await world.call(app.externalUrl, { headers });
    return { status: answer.status, user: answer.headers['x-origin-user'], body: answer.text };
  };

  it('signs each user in at the app without a word', async () => {
    const [alice, carol] = [await browserOf('alice'), await browserOf('carol')];
    await until(async () => (await open(alice)).status === 200, { what: 'keytab and keys at the connector' });
    const answers = await Promise.all([alice, carol, alice, carol, alice, carol].map(open));
    const names = ['alice', 'carol', 'alice', 'carol', 'alice', 'carol'].map((name) => `${name}@${REALM}`);
    expect(answers.map(({ user }) => user)).to.deep.equal(names);
  });

  it('shows a numbered page to a user whom the domain lets nobody act for', async () => {
    const { status, body } = await open(await browserOf('bob'));
    expect(status, body).to.equal(502);
    expect(body).to.include('SP-1411');
  });

  it('lets no program in, for it has no account in the domain', async () => {
    const issued = await world.api('POST', '/service-tokens', { name: 'alice', appIds: [app.id], lifetimeDays: 1 });
    const { token } = issued as { readonly token: string };
    const headers = { 'x-sallyport-authorization': `Bearer ${token}`, accept: 'application/json' };
    let answer = await world.call(app.externalUrl, { headers });
    await until(async () => {
      answer = await world.call(app.externalUrl, { headers });
      return answer.status !== 401;
    });
    expect(answer.status, answer.text).to.equal(403);
    expect(answer.text).to.include('SP-1223').and.to.include('single-sign-on-no-login');
  });

  it('asks for no ticket to another service than the admin allows the account, as soon as that is changed', async () => {
    const alice = await browserOf('alice');
    const change = (servicePrincipalName: string) =>
      world.api('PATCH', `/apps/${app.id}`, {
        singleSignOn: { authorization: { kind: 'kerberos', servicePrincipalName } },
      });
    await change(OTHER_SPN);
    await until(async () => (await open(alice)).body.includes('SP-1411'), {
      what: 'the changed name at the connector',
    });
    await change(APP_SPN);
    await until(async () => (await open(alice)).user === `alice@${REALM}`, { what: 'the name it was before' });
  });
});

/** The connector loads the realm's own library, so that the machine needs none. */
async function withLibraries<T>({ environment }: KerberosRealm, work: () => Promise<T>): Promise<T> {
  const before = process.env.LD_LIBRARY_PATH;
  process.env.LD_LIBRARY_PATH = environment.LD_LIBRARY_PATH;
  try {
    return await work();
  } finally {
    if (before === undefined) delete process.env.LD_LIBRARY_PATH;
    else process.env.LD_LIBRARY_PATH = before;
  }
}
