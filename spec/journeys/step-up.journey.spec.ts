import { expect } from 'chai';
import { after, afterEach, before, beforeEach, describe, it } from 'mocha';
import type { BrowserContext, Page } from 'playwright-core';
import type { AnnouncedApp } from '../../services/launcher/src/announcement.ts';
import { isBrowserSkipped, newBrowserContext, openSignedIn, textOf } from '../support/browser.ts';
import { until } from '../support/until.ts';
import { sharedWorld, WORLD_TIMEOUT_MS, type World } from '../support/world.ts';

const SPEC_TIMEOUT_MS = 60_000;
const PHONE_WIDTH = 360;
const POLICY = '/policies/step-up-journey';

describe('a person whom a policy asks for more', function stepUpJourney() {
  this.timeout(SPEC_TIMEOUT_MS);
  let world: World;
  let app: AnnouncedApp;
  let context: BrowserContext;
  let page: Page;

  before(async function startWorld() {
    if (isBrowserSkipped()) this.skip();
    this.timeout(WORLD_TIMEOUT_MS);
    world = await sharedWorld();
    app = await world.publish({ name: 'payroll', internalUrl: world.app('dumper').internalUrl }, ['bob']);
  });

  beforeEach(async () => {
    context = await newBrowserContext({ width: PHONE_WIDTH });
    page = await context.newPage();
  });

  afterEach(async () => {
    await context?.close();
  });

  after(async () => {
    if (world === undefined) return;
    await world.api('DELETE', POLICY).catch(() => undefined);
    await world.retire(app);
  });

  const require = async (control: object) => {
    await world.api('PUT', POLICY, {
      name: 'Payroll needs a second factor',
      state: 'on',
      assignments: { users: { include: 'all' }, apps: { include: [app.id] } },
      grant: { kind: 'require', operator: 'all', controls: [control] },
    });
  };
  const isAtIdentityProvider = () => new URL(page.url()).host === new URL(world.system.issuer).host;
  const shownCode = () => page.locator('[data-one-time-code]').getAttribute('data-one-time-code');
  const confirm = async (code: string) => {
    await page.fill('input[name=otp]', code);
    await page.click('button[type=submit]');
  };

  it('is asked for a one-time code alone, and lands on exactly the address that was wanted', async () => {
    const wanted = `${app.externalUrl}reports/2026%20Q4?sort=a%2Cb#row-7`;
    await openSignedIn(page, app.externalUrl, 'bob');
    await require({ kind: 'authentication-strength', context: 'c1' });
    await until(async () => {
      await page.goto(wanted);
      return isAtIdentityProvider();
    });
    expect(await page.locator('input[name=password]').count()).to.equal(0);
    expect(await textOf(page, 'main'))
      .to.contain('Second factor')
      .and.contain('bob@sallyport.example');
    expect(await page.evaluate('document.documentElement.scrollWidth')).to.be.at.most(PHONE_WIDTH);
    await confirm('no code');
    expect(await textOf(page, '[role=alert]')).to.equal('That is not the code shown above.');
    await confirm((await shownCode()) ?? '');
    await page.waitForURL(wanted);
    expect(await textOf(page, '.badge')).to.equal('verified');
    await page.reload();
    expect(page.url()).to.equal(wanted);
  });

  it('gives user name, password and code in one go when nobody is signed in', async () => {
    await require({ kind: 'authentication-strength', context: 'c1' });
    const stranger = `${app.externalUrl}first`;
    await page.goto(stranger);
    await page.fill('input[name=username]', 'bob');
    await page.fill('input[name=password]', 'bob');
    await page.click('button[type=submit]');
    await page.locator('input[name=otp]').waitFor();
    await confirm((await shownCode()) ?? '');
    await page.waitForURL(stranger);
    expect(await textOf(page, '.badge')).to.equal('verified');
  });

  it('confirms in two tabs that asked at the same time, each lands on its own page', async () => {
    await openSignedIn(page, app.externalUrl, 'bob');
    await require({ kind: 'authentication-strength', context: 'c1' });
    const other = await context.newPage();
    const [one, two] = [`${app.externalUrl}tab/1?x=1#one`, `${app.externalUrl}tab/2?x=2#two`];
    await until(async () => {
      await page.goto(one);
      return isAtIdentityProvider();
    });
    await other.goto(two);
    expect(new URL(other.url()).host).to.equal(new URL(world.system.issuer).host);
    for (const [tab, wanted] of [
      [page, one],
      [other, two],
    ] as const) {
      const code = (await tab.locator('[data-one-time-code]').getAttribute('data-one-time-code')) ?? '';
      await tab.fill('input[name=otp]', code);
      await tab.click('button[type=submit]');
      await tab.waitForURL(wanted);
      expect(await textOf(tab, '.badge')).to.equal('verified');
    }
    // The session of the tab that came first was not ended by the other one.
    await page.reload();
    expect(page.url()).to.equal(one);
    expect(await textOf(page, '.badge')).to.equal('verified');
  });

  it('meets a page that says what is missing, and no loop, when the request for it is cut off on its way', async () => {
    await require({ kind: 'authentication-strength', context: 'c1' });
    const asked: string[] = [];
    page.on('request', (request) => {
      if (request.url().includes('/oauth2/v2.0/authorize?')) asked.push(request.url());
    });
    await openSignedIn(page, world.ready.portalUrl, 'bob');
    await page.goto(app.externalUrl);
    expect(await textOf(page, 'h1')).to.equal('Second factor');
    const cut = new URL(asked.at(-1) ?? '');
    expect(cut.searchParams.get('claims')).to.contain('"c1"');
    cut.searchParams.delete('claims');
    await page.goto(cut.href);
    await page.locator('h1').waitFor();
    const text = await textOf(page, 'main');
    expect(text).to.contain('SP-1218').and.contain('authentication context c1');
    expect(new URL(page.url()).pathname).to.equal('/.sallyport/callback');
  });
});
