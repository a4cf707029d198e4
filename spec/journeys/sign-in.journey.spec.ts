import { expect } from 'chai';
import { after, before, beforeEach, describe, it } from 'mocha';
import type { BrowserContext, Page } from 'playwright-core';
import { ACCESS_COOKIE, type AuditEvent } from '#libs/contracts';
import { isBrowserSkipped, newBrowserContext, openSignedIn, signIn, textOf } from '../support/browser.ts';
import { until } from '../support/until.ts';
import { sharedWorld, WORLD_TIMEOUT_MS, type World } from '../support/world.ts';

const SPEC_TIMEOUT_MS = 60_000;
const PHONE_WIDTH = 360;
/** Evaluated in the page. */
const FOCUS_STYLE = `(({ outlineStyle, outlineWidth, boxShadow }) => [outlineStyle, outlineWidth, boxShadow].join(' '))(
  getComputedStyle(document.activeElement))`;
/** Evaluated in the page: its widest extent in CSS pixels, and how bright its background is (0 to 255). */
const LOOK = `({
  widest: document.documentElement.scrollWidth,
  shade: getComputedStyle(document.body).backgroundColor.match(/\\d+/g).slice(0, 3).reduce((sum, part) => sum + +part, 0) / 3,
})`;
const RECEIPT = /^dec_[a-z0-9]+$/;
const REQUEST_ID = /^req_[a-z0-9]+$/;

describe('a person in front of an app', function browserJourney() {
  this.timeout(SPEC_TIMEOUT_MS);
  let world: World;
  let dumper: string;
  let context: BrowserContext;
  let page: Page;

  before(async function startWorld() {
    if (isBrowserSkipped()) this.skip();
    this.timeout(WORLD_TIMEOUT_MS);
    world = await sharedWorld();
    dumper = world.app('dumper').externalUrl;
  });

  beforeEach(async () => {
    await context?.close();
    context = await newBrowserContext();
    page = await context.newPage();
  });

  after(async () => {
    await context?.close();
  });

  const fact = (one: Page, name: string) => textOf(one, `dt:has-text("${name}") + dd`);
  const quotedRequest = async (one: Page) => (await textOf(one, '.quote .copy')).split(' ')[1] ?? '';
  const dump = async (one: Page) =>
    JSON.parse(await textOf(one, 'body')) as {
      headers: readonly (readonly [string, string])[];
      assertion: { status: string; claims: Record<string, unknown> };
    };
  const status = (one: Page, path: string) =>
    one.evaluate(async (target) => {
      const answer = await fetch(target);
      return { status: answer.status, type: answer.headers.get('content-type') };
    }, path);
  const cookiesOf = async (url: string) => (await context.cookies(url)).map(({ name, value }) => `${name}=${value}`);

  it('signs in and lands on exactly the address asked for, verified by the app', async () => {
    const deep = `${dumper}reports/2026%20Q4/%C3%BCbersicht?sort=a%2Cb&q=1+2&q=%26#row-7`;
    await page.goto(deep);
    expect(new URL(page.url()).host).to.equal(new URL(world.system.issuer).host);
    expect(await textOf(page, '.notice')).to.contain('Not for production');
    await signIn(page, 'bob');
    expect(page.url()).to.equal(deep);
    expect(await textOf(page, '.badge')).to.equal('verified');
    expect(await textOf(page, 'body'))
      .to.contain('bob@sallyport.example')
      .and.contain('2026%20Q4/%C3%BCbersicht');
  });

  it('never shows the app its cookies, but shows it its own', async () => {
    await openSignedIn(page, `${dumper}headers.json`, 'bob');
    await context.addCookies([{ name: 'theme', value: 'dark', url: dumper }]);
    await page.reload();
    const { headers } = await dump(page);
    const cookies = headers.filter(([name]) => name.toLowerCase() === 'cookie').map(([, value]) => value);
    expect(cookies).to.deep.equal(['theme=dark']);
    const held = await context.cookies(dumper);
    const access = held.find(({ name }) => name === ACCESS_COOKIE);
    expect(access).to.deep.include({ httpOnly: true, secure: true, path: '/', sameSite: 'Lax' });
    expect(access?.domain).to.equal(new URL(dumper).hostname);
    expect(JSON.stringify(headers)).not.to.contain(access?.value);
  });

  it('replaces identity and forwarding headers that the user made up', async () => {
    await openSignedIn(page, dumper, 'bob');
    await context.setExtraHTTPHeaders({
      'X-Sallyport-User': 'admin@sallyport.example',
      'X-Sallyport-Assertion': 'eyJhbGciOiJub25lIn0.e30.',
      X_Sallyport_User: 'admin@sallyport.example',
      'X-Forwarded-For': '203.0.113.7',
      'X-Forwarded-Host': 'evil.example',
      'X-Forwarded-Proto': 'http',
      Forwarded: 'for=203.0.113.7;host=evil.example;proto=http',
    });
    await page.goto(`${dumper}headers.json`);
    const { headers, assertion } = await dump(page);
    expect(assertion.status).to.equal('verified');
    const valuesOf = (wanted: string) =>
      headers.filter(([name]) => name.toLowerCase().replaceAll('_', '-') === wanted).map(([, value]) => value);
    expect(valuesOf('x-sallyport-user')).to.deep.equal(['bob@sallyport.example']);
    expect(valuesOf('x-forwarded-for')).to.deep.equal(['127.0.0.1']);
    expect(valuesOf('x-forwarded-host')).to.deep.equal([new URL(dumper).host]);
    expect(valuesOf('x-forwarded-proto')).to.deep.equal(['https']);
    expect(JSON.stringify(headers)).not.to.match(/evil\.example|203\.0\.113\.7|admin@/);
  });

  it('tells a person without access why, with a receipt that leads to the decision', async () => {
    await openSignedIn(page, `${dumper}secret`, 'carol');
    const text = await textOf(page, 'main');
    expect(text).to.contain('You have no access to this app').and.contain('SP-1203').and.contain('carol@');
    const receipt = await fact(page, 'Receipt');
    const requestId = await quotedRequest(page);
    expect(receipt).to.match(RECEIPT);
    expect(requestId).to.match(REQUEST_ID);
    const findDenial = async () => {
      const { events } = (await world.api('GET', '/events?types=AccessDenied&limit=1000')) as { events: AuditEvent[] };
      return events.find(({ subjectId }) => subjectId === receipt);
    };
    await until(async () => (await findDenial()) !== undefined, { what: `AccessDenied ${receipt}` });
    const denial = await findDenial();
    expect(denial).to.deep.include({ type: 'AccessDenied', subjectId: receipt, correlationId: requestId });
    expect(JSON.stringify(denial?.data)).to.contain(world.userId('carol')).and.contain(world.app('dumper').id);
  });

  it('shows everybody exactly the apps that are open to them', async () => {
    const tiles = (one: Page) => one.locator('.tile .name').allInnerTexts();
    await openSignedIn(page, world.ready.portalUrl, 'bob');
    expect(await tiles(page)).to.include.members(['dumper', 'status']);
    await page.click('.tile:has-text("dumper")');
    await page.waitForURL(dumper);
    expect(await textOf(page, '.badge')).to.equal('verified');
    const other = await newBrowserContext();
    const portal = await other.newPage();
    await openSignedIn(portal, world.ready.portalUrl, 'carol');
    expect(await tiles(portal))
      .to.include('status')
      .and.not.include('dumper');
    await other.close();
  });

  it('signs out everywhere and comes back from the identity provider to a page that says so', async () => {
    await openSignedIn(page, `${dumper}headers.json`, 'bob');
    const portal = await context.newPage();
    await portal.goto(world.ready.portalUrl);
    expect(new URL(portal.url()).host, 'one sign-in for all').to.equal(new URL(world.ready.portalUrl).host);
    const cookies = (await cookiesOf(dumper)).join('; ');
    await portal.click('button:has-text("Sign out")');
    await portal.waitForURL(({ host }) => host === new URL(world.system.issuer).host);
    await portal.click('button[type=submit]');
    await portal.waitForURL(/\/\.sallyport\/signed-out/);
    expect(await textOf(portal, 'main')).to.contain('You are signed out');
    expect(await status(page, '/headers.json')).to.deep.equal({ status: 401, type: 'application/problem+json' });
    await page.reload();
    expect(new URL(page.url()).host).to.equal(new URL(world.system.issuer).host);
    expect(await page.locator('input[name=password]').count(), 'asked again').to.equal(1);
    // The cookie itself, kept by a thief, is worth nothing any more.
    const stolen = await world.call(`${dumper}headers.json`, { headers: { cookie: cookies } });
    expect(stolen.status).to.equal(401);
  });

  it('lets two tabs sign in at the same time', async () => {
    const second = await context.newPage();
    await Promise.all([page.goto(`${dumper}one?tab=1`), second.goto(`${dumper}two?tab=2`)]);
    await signIn(page, 'bob');
    await signIn(second, 'bob');
    expect(page.url()).to.equal(`${dumper}one?tab=1`);
    expect(second.url()).to.equal(`${dumper}two?tab=2`);
    expect(await textOf(second, '.badge')).to.equal('verified');
  });

  it('answers a script without session with 401 and a problem, never with a page of another host', async () => {
    for (const headers of [
      { 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty', accept: '*/*' },
      { 'x-requested-with': 'XMLHttpRequest', accept: 'application/json' },
    ]) {
      const answer = await world.call(`${dumper}api/items`, { headers });
      expect(answer.status).to.equal(401);
      expect(answer.headers['content-type']).to.equal('application/problem+json');
      expect(answer.headers.location).to.equal(undefined);
      expect(answer.json()).to.include({ status: 401, signInUrl: dumper });
    }
    const posted = await world.call(`${dumper}api/items`, {
      method: 'POST',
      body: 'x=1',
      headers: {
        accept: 'text/html',
        'sec-fetch-mode': 'navigate',
        'content-type': 'application/x-www-form-urlencoded',
      },
    });
    expect(posted.status, 'a form that was sent is not lost in a redirect').to.equal(401);
  });

  it('asks for sign-in again when a cookie was changed, and accepts it unchanged', async () => {
    await openSignedIn(page, dumper, 'bob');
    const access = (await context.cookies(dumper)).find(({ name }) => name === ACCESS_COOKIE);
    const value = access?.value ?? '';
    const answerTo = async (cookie: string) =>
      (await world.call(`${dumper}headers.json`, { headers: { cookie: `${ACCESS_COOKIE}=${cookie}` } })).status;
    expect(await answerTo(value)).to.equal(200);
    const middle = Math.floor(value.length / 2);
    const flipped = value[middle] === 'A' ? 'B' : 'A';
    for (const changed of [
      `${value.slice(0, middle)}${flipped}${value.slice(middle + 1)}`,
      value.slice(0, -8),
      `${value}A`,
      'x',
      `${value}; ${ACCESS_COOKIE}=${value}x`,
    ]) {
      expect(await answerTo(changed), changed.slice(-40)).to.equal(401);
    }
  });

  it('refuses a callback that is brought a second time, here and in another browser, with a page', async () => {
    let callback = '';
    page.on('request', (request) => {
      if (request.url().includes('/.sallyport/callback?')) callback = request.url();
    });
    await openSignedIn(page, dumper, 'bob');
    expect(callback).to.match(/[?&]code=/);
    const other = await newBrowserContext();
    const elsewhere = await other.newPage();
    for (const one of [page, elsewhere]) {
      const answer = await one.goto(callback);
      expect(answer?.status()).to.equal(400);
      const text = await textOf(one, 'main');
      expect(text).to.contain('This sign-in cannot go on').and.contain('Open the app again to start over');
      expect(await quotedRequest(one)).to.match(REQUEST_ID);
    }
    await elsewhere.goto(dumper);
    expect(new URL(elsewhere.url()).host, 'still nobody').to.equal(new URL(world.system.issuer).host);
    await other.close();
  });

  it('works with the keyboard alone', async () => {
    await page.goto(world.ready.portalUrl);
    const tabTo = async (selector: string) => {
      for (let step = 0; step < 20; step += 1) {
        if ((await page.locator(`${selector}:focus`).count()) > 0) return;
        await page.keyboard.press('Tab');
      }
      expect.fail(`Tab does not reach ${selector}`);
    };
    await tabTo('input[name=username]');
    await page.keyboard.type('bob');
    await page.keyboard.press('Tab');
    await page.keyboard.type('bob');
    await page.keyboard.press('Enter');
    await page.waitForURL(world.ready.portalUrl);
    await tabTo('.tile:has-text("dumper")');
    const outline = await page.evaluate<string>(FOCUS_STYLE);
    expect(outline, 'focus can be seen').not.to.equal('none 0px none');
    await page.keyboard.press('Enter');
    await page.waitForURL(dumper);
    await page.goto(world.ready.portalUrl);
    await tabTo('button:has-text("Sign out")');
    await page.keyboard.press('Enter');
    await page.waitForURL(({ host }) => host === new URL(world.system.issuer).host);
    await tabTo('button[type=submit]');
    await page.keyboard.press('Enter');
    await page.waitForURL(/\/\.sallyport\/signed-out/);
  });

  for (const isDark of [false, true]) {
    it(`fits a phone of ${PHONE_WIDTH} px on every page, ${isDark ? 'dark' : 'light'}`, async () => {
      const phone = await newBrowserContext({ width: PHONE_WIDTH, isDark });
      const one = await phone.newPage();
      const check = async (what: string) => {
        const { widest, shade } = await one.evaluate<{ widest: number; shade: number }>(LOOK);
        expect(widest, `width of ${what}`).to.be.at.most(PHONE_WIDTH);
        expect(shade < 128, `${what} is dark`).to.equal(isDark);
      };
      await one.goto(
        `https://nowhere.${new URL(world.ready.portalUrl).hostname.replace(/^portal\./, '')}:${new URL(dumper).port}/`,
      );
      await check('unknown address');
      await one.goto(dumper);
      await check('sign-in page');
      await signIn(one, 'carol');
      await check('denial');
      await one.goto(world.ready.portalUrl);
      await check('portal');
      await one.goto(`${world.ready.portalUrl}.sallyport/sign-out`);
      await check('sign-out question');
      await one.click('button:has-text("Sign out")');
      await one.waitForURL(({ host }) => host === new URL(world.system.issuer).host);
      await check('sign-out at the identity provider');
      await one.click('button[type=submit]');
      await one.waitForURL(/\/\.sallyport\/signed-out/);
      await check('signed-out page');
      await phone.close();
    });
  }
});
