import { expect } from 'chai';
import { after, before, beforeEach, describe, it } from 'mocha';
import type { AppView } from '#libs/contracts';
import type { ServerExchange } from '#libs/tunnel-protocol';
import { until } from '../../../support/until.ts';
import { allow, COOKIE } from '../support/fake-auth.ts';
import { ask } from '../support/http-client.ts';
import { appView, DOMAIN, type IngressRig, startIngressRig } from '../support/ingress-rig.ts';
import { fieldsOf, recordingOrigin } from '../support/origins.ts';

const HOST = `api.${DOMAIN}`;
const NONE = { claimHeaders: [], authorization: null };
const BASIC = {
  claimHeaders: [],
  authorization: { kind: 'basic' as const, username: 'svc', sealedPassword: 'sealed' },
};
const OLD = 'http://old.example';
const NEW = 'http://new.example';

describe('ingress: an app whose single sign-on changes while decisions about it are kept', () => {
  let rig: IngressRig;
  let seen: ServerExchange[];
  let revision = 1;
  before(async () => {
    rig = await startIngressRig({ apps: [api({ singleSignOn: BASIC, internalUrl: `${OLD}/` })] });
  });
  after(() => rig.stop());
  beforeEach(() => {
    const origin = recordingOrigin();
    seen = origin.seen;
    rig.serve(origin.onRequest);
    rig.ingress.services.tenants[0].decisions.dropAll();
  });

  function api(changes: Partial<AppView>): AppView {
    return appView('api', { preauthentication: 'oidc', revision, ...changes });
  }
  async function put(changes: Partial<AppView>): Promise<void> {
    revision += 1;
    await rig.putApp(api(changes));
  }
  /** Auth, which knows the app at this revision. */
  function granting(appRevision: number, authorization?: string): void {
    rig.auth.authorize = () => ({
      ...(allow({ appRevision }) as Extract<ReturnType<typeof allow>, { verdict: 'allow' }>),
      ...(authorization === undefined ? {} : { originFields: ['Authorization', authorization] }),
    });
  }
  const go = (headers: Record<string, string> = {}) =>
    ask(rig, '/x', { host: HOST, headers: { cookie: COOKIE, origin: `https://${HOST}`, ...headers } });
  const lastSeen = () => {
    const { origin, authorization } = fieldsOf(seen.at(-1) as ServerExchange);
    return [origin, authorization];
  };

  it('never sends what was made for the old origin to the new one, also while auth is away or behind', async () => {
    await put({ singleSignOn: BASIC, internalUrl: `${OLD}/` });
    granting(revision, 'Basic OLD');
    expect((await go()).status).to.equal(200);
    expect(lastSeen()).to.deep.equal([OLD, 'Basic OLD']);
    await put({ singleSignOn: NONE, internalUrl: `${NEW}/` });
    expect((await go()).status, 'auth still knows the app as it was').to.equal(503);
    rig.auth.authorize = () => {
      throw new Error('away');
    };
    expect((await go()).status).to.equal(503);
    expect(seen).to.have.length(1);
    granting(revision);
    expect((await go()).status).to.equal(200);
    expect(lastSeen()).to.deep.equal([NEW, undefined]);
  });

  it('never sends what a user calls Authorization, nor nothing, where single sign-on was switched on', async () => {
    await put({ singleSignOn: NONE, internalUrl: `${OLD}/` });
    granting(revision);
    await go({ authorization: 'Bearer own' });
    expect(lastSeen()).to.deep.equal([OLD, 'Bearer own']);
    await put({ singleSignOn: BASIC, internalUrl: `${OLD}/` });
    granting(revision, 'Basic NEW');
    expect((await go({ authorization: 'Bearer own' })).status).to.equal(200);
    expect(lastSeen()).to.deep.equal([OLD, 'Basic NEW']);
  });

  it('never sends what is made for the new origin to the old one: the request waits for the directory, and follows it', async () => {
    await put({ singleSignOn: BASIC, internalUrl: `${OLD}/` });
    granting(revision + 1, 'Basic NEW');
    expect((await go()).status, 'the directory hears of nothing').to.equal(503);
    expect(seen).to.have.length(0);
    const asked = go();
    await put({ singleSignOn: BASIC, internalUrl: `${NEW}/` });
    expect((await asked).status).to.equal(200);
    expect(lastSeen()).to.deep.equal([NEW, 'Basic NEW']);
  });

  it('keeps decisions about apps without it over a change, as it always did', async () => {
    await put({ singleSignOn: NONE, internalUrl: `${OLD}/` });
    granting(revision);
    await go();
    const asked = rig.auth.countOf('authorize');
    await put({ singleSignOn: NONE, internalUrl: `${OLD}/`, name: 'renamed' });
    await until(async () => (await go()).status === 200, { what: 'an answer' });
    expect(rig.auth.countOf('authorize')).to.equal(asked);
  });
});
