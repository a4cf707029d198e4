import { expect } from 'chai';
import { after, before, beforeEach, describe, it } from 'mocha';
import { ask, NAVIGATION } from '../support/http-client.ts';
import { appView, DOMAIN, type IngressRig, startIngressRig } from '../support/ingress-rig.ts';

const LOGIN = `login.${DOMAIN}`;
const SECURE = `secure.${DOMAIN}`;
const LONGEST = 'a'.repeat(32);

describe('ingress: the addresses identity providers answer at', () => {
  let rig: IngressRig;
  before(async () => {
    rig = await startIngressRig({ apps: [appView('secure', { preauthentication: 'oidc' })] });
  });
  after(() => rig.stop());
  beforeEach(() => {
    rig.auth.asked.length = 0;
  });

  const answers: readonly [string, string | null][] = [
    ['/.sallyport/callback', null],
    ['/.sallyport/callback/partners', 'partners'],
    ['/.sallyport/callback/p-2', 'p-2'],
    [`/.sallyport/callback/${LONGEST}`, LONGEST],
  ];
  for (const [path, providerId] of answers)
    it(`${path.slice(0, 40)} says ${providerId === null ? 'the first' : 'which one'}`, async () => {
      await ask(rig, `${path}?code=c&state=s`, { host: LOGIN, headers: NAVIGATION });
      expect(rig.auth.asked.at(-1)).to.deep.include({ name: 'complete' });
      expect(rig.auth.asked.at(-1)?.request).to.deep.include({ providerId, query: { code: 'c', state: 's' } });
    });

  const others = ['/', '/Partners', '/a/b', '/a.b', '/..', `/${LONGEST}a`, '/a%2Fb', 's', '/partners/'];
  for (const rest of others)
    it(`/.sallyport/callback${rest.slice(0, 20)} is no address of anybody`, async () => {
      const answer = await ask(rig, `/.sallyport/callback${rest}?code=c`, { host: LOGIN, headers: NAVIGATION });
      expect(answer.status).to.be.oneOf([400, 404]);
      expect(rig.auth.asked).to.deep.equal([]);
    });

  it('are on the sign-in host alone, and take no POST', async () => {
    const path = '/.sallyport/callback/partners?code=c';
    expect((await ask(rig, path, { host: SECURE, headers: NAVIGATION })).status).to.equal(404);
    expect((await ask(rig, path, { host: LOGIN, method: 'POST' })).status).to.equal(405);
    expect(rig.auth.asked).to.deep.equal([]);
  });
});
