import { expect } from 'chai';
import { after, afterEach, before, beforeEach, describe, it } from 'mocha';
import {
  ACCESS_COOKIE,
  type AuthorizeReply,
  accessPolicy,
  changePolicySet,
  newId,
  policySet,
  SESSION_COOKIE,
  type SessionControls,
} from '#libs/contracts';
import { callEndpoint } from '#libs/messaging';
import { demoDirectory } from '../../../support/identity-provider.ts';
import { until } from '../../../support/until.ts';
import { APP_URL, type AuthWorld, published, startAuthWorld, TENANT } from '../support/auth-world.ts';
import { BrowserDouble, redirected } from '../support/browser-double.ts';

const [, BOB] = demoDirectory.users;
const IPV4 = '192.0.2.7';
const IPV6 = '2001:db8:7::1';
const LATER_URL = 'https://later.sallyport.localhost:8443/';

describe('session controls of policies at a sign-in', function sessionControls() {
  this.timeout(30_000);
  let world: AuthWorld;
  let browser: BrowserDouble;
  before(async () => {
    world = await startAuthWorld();
    await world.appendApp('app_wiki', published({ users: [BOB.oid] }));
    const cookieFlags = { httpOnly: true, persistent: true, sameSite: 'lax' as const };
    const kept = published({ url: LATER_URL, users: [BOB.oid] }).map((fact) =>
      fact.type === 'AppPublished' ? { ...fact, data: { ...fact.data, cookieFlags } } : fact,
    );
    await world.appendApp('app_later', kept);
    await until(() => world.revocations.some(({ appIds }) => appIds.includes('app_later')));
  });
  beforeEach(() => {
    browser = new BrowserDouble(world.ingress, world.idp.ca);
  });
  afterEach(() => require());
  after(() => world?.stop());

  /** These session controls, for all apps, each by a policy of its own, until the next. */
  async function require(...all: readonly SessionControls[]): Promise<void> {
    const policies = all.map((session, index) =>
      accessPolicy.parse({
        id: `p${index}`,
        name: `Policy ${index}`,
        state: 'on',
        assignments: { users: { include: 'all' }, apps: { include: 'all' } },
        grant: { kind: 'allow' },
        session,
      }),
    );
    await callEndpoint(world.console, TENANT, changePolicySet, {
      commandId: newId('cmd'),
      actor: { kind: 'local-operator', id: 'local-operator' },
      correlationId: 'spec',
      change: { kind: 'replace', policies, locations: [] },
    });
    expect((await callEndpoint(world.console, TENANT, policySet, {})).policies).to.have.length(all.length);
  }

  /** Signs in as a browser that reaches app and sign-in host by these addresses. */
  async function signIn(app: string, host: string, appId = 'app_wiki', url = APP_URL, verdict?: AuthorizeReply) {
    const at = (address: string) => {
      browser.client = { address, userAgent: 'spec' };
    };
    const asked = verdict?.verdict === 'step-up' ? verdict.challenge : undefined;
    at(app);
    const begun = redirected(await browser.begin(appId, url, asked));
    at(host);
    const sent = redirected(await browser.continue(begun.location));
    const isKnown = sent.location.includes('/.sallyport/complete?');
    const done = isKnown ? sent : redirected(await browser.complete(await browser.authenticate(sent.location, 'bob')));
    at(app);
    const opened = redirected(await browser.open(done.location, appId));
    return { isKnown, setCookies: [...done.setCookies, ...opened.setCookies] };
  }
  const from = (address: string, appId = 'app_wiki', url = APP_URL) => {
    browser.client = { address, userAgent: 'spec' };
    return browser.authorize(appId, url);
  };

  describe('that keep the browser', () => {
    const isKept = (setCookies: readonly string[], name: string) => {
      const cookie = setCookies.find((line) => line.startsWith(`${name}=`) && !line.includes('Max-Age=0'));
      return cookie === undefined ? 'none' : /Max-Age=\d{4,}/.test(cookie);
    };
    for (const [what, controls, atSignIn, plain, persistent] of [
      ['as the app has it without a policy', [], false, false, true],
      ['for as long as the session lasts', [{ persistentBrowser: 'always' }], true, true, true],
      ['not beyond its end', [{ persistentBrowser: 'never' }], false, false, false],
      [
        'not, where one policy says so',
        [{ persistentBrowser: 'always' }, { persistentBrowser: 'never' }],
        false,
        false,
        false,
      ],
    ] as const)
      it(what, async () => {
        await require(...controls);
        const { setCookies } = await signIn(IPV4, IPV4);
        expect(isKept(setCookies, SESSION_COOKIE), 'session cookie').to.equal(atSignIn);
        expect(isKept(setCookies, ACCESS_COOKIE), 'access cookie').to.equal(plain);
        const later = await signIn(IPV4, IPV4, 'app_later', LATER_URL);
        expect(isKept(later.setCookies, ACCESS_COOKIE), 'access cookie of a persistent app').to.equal(persistent);
      });
  });

  describe('that bind it to its network', () => {
    it('take app and sign-in host by different IP families for one network, with one sign-in', async () => {
      await require({ bindToNetwork: true });
      await signIn(IPV4, IPV6);
      expect((await from(IPV4)).verdict).to.equal('allow');
      expect((await from(IPV6)).verdict).to.equal('allow');
      expect((await signIn(IPV4, IPV6, 'app_later', LATER_URL)).isKnown, 'no second sign-in').to.equal(true);
      expect((await from(IPV4, 'app_later', LATER_URL)).verdict).to.equal('allow');
      for (const elsewhere of ['198.51.100.9', '2001:db8:8::1'])
        expect((await from(elsewhere)).verdict, elsewhere).to.equal('step-up');
    });

    it('ask once, not again and again, of whoever comes by the other family later', async () => {
      await require({ bindToNetwork: true });
      await signIn(IPV6, IPV6);
      const asked = await from(IPV4);
      expect(asked.verdict).to.equal('step-up');
      expect((await signIn(IPV4, IPV6, 'app_wiki', APP_URL, asked)).isKnown, 'a new sign-in').to.equal(false);
      for (const address of [IPV4, IPV6, IPV4]) expect((await from(address)).verdict, address).to.equal('allow');
    });

    it('learn no address from a session that was signed in before: it may have been stolen', async () => {
      await require({ bindToNetwork: true });
      await signIn(IPV6, IPV6);
      expect((await signIn(IPV4, IPV4, 'app_later', LATER_URL)).isKnown).to.equal(true);
      expect((await from(IPV4, 'app_later', LATER_URL)).verdict).to.equal('step-up');
    });
  });
});
