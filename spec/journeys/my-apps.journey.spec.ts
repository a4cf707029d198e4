import { join } from 'node:path';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { BrowserContext, Page } from 'playwright-core';
import type { AnnouncedApp } from '../../services/launcher/src/announcement.ts';
import { isBrowserSkipped, newBrowserContext, openSignedIn, textOf } from '../support/browser.ts';
import { until } from '../support/until.ts';
import { PROJECT_ROOT, sharedWorld, WORLD_TIMEOUT_MS, type World } from '../support/world.ts';
import { runProgram } from './support/run-program.ts';
import { createSocketOrigin } from './support/socket-origin.ts';

const REVOKED_WITHIN_MS = 1_000;
const MAX_TABS = 60;
/** Opens a WebSocket that stays; `closedAtMs` stands in the page once it is closed. */
const OPEN_SOCKET = `new Promise((resolve, reject) => {
  const socket = new WebSocket(location.origin.replace('http', 'ws') + '/socket');
  socket.onopen = () => resolve(true);
  socket.onerror = () => reject(new Error('not opened'));
  socket.onclose = () => { window.closedAtMs = Date.now(); };
})`;
const OUTLINE = `(() => { const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement); return outlineStyle + ' ' + outlineWidth; })()`;
/** Folder for screenshots that somebody wants to look at. */
const SHOTS = process.env.SALLYPORT_SCREENSHOTS;

describe('my apps', function myApps() {
  this.timeout(60_000);
  let world: World;
  let app: AnnouncedApp;
  const origin = createSocketOrigin((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/html' });
    response.end('<!doctype html><title>Ledger</title><h1>Ledger</h1>');
  });
  const contexts: BrowserContext[] = [];

  before(async function startAll() {
    if (isBrowserSkipped()) this.skip();
    this.timeout(WORLD_TIMEOUT_MS);
    world = await sharedWorld();
    await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
    const internalUrl = `http://127.0.0.1:${(origin.address() as { port: number }).port}`;
    app = await world.publish({ name: 'Ledger Über', internalUrl, externalUrl: externalUrlOf('ledger') }, ['alice']);
  });
  after(async () => {
    for (const context of contexts) await context.close();
    if (app !== undefined) await world.retire(app);
    origin.close();
    origin.closeAllConnections();
  });

  function externalUrlOf(name: string): string {
    return world.ready.portalUrl.replace('//portal.', `//${name}.`);
  }

  async function openPortal(profile: Parameters<typeof newBrowserContext>[0] = {}): Promise<Page> {
    const context = await newBrowserContext(profile);
    contexts.push(context);
    const page = await context.newPage();
    await openSignedIn(page, world.ready.portalUrl, 'alice');
    return page;
  }

  async function cookiesOf(page: Page, url: string): Promise<string> {
    const cookies = await page.context().cookies(url);
    return cookies.map(({ name, value }) => `${name}=${value}`).join('; ');
  }

  async function statusWith(cookie: string, url: string): Promise<number> {
    return (await world.call(url, { headers: { cookie } })).status;
  }

  async function tabTo(page: Page, selector: string): Promise<void> {
    for (let step = 0; step < MAX_TABS; step += 1) {
      if ((await page.locator(`${selector}:focus`).count()) > 0) {
        expect(await page.evaluate<string>(OUTLINE), `focus on ${selector} can be seen`).to.equal('solid 3px');
        return;
      }
      await page.keyboard.press('Tab');
    }
    expect.fail(`Tab does not reach ${selector}`);
  }

  it('finds an app by the keyboard alone and opens it', async () => {
    const page = await openPortal();
    const problems: string[] = [];
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
    await page.reload();
    await tabTo(page, '#q');
    await page.keyboard.type('uber LED');
    await until(async () => (await page.locator('.tiles>li:visible').count()) === 1, { what: 'one tile' });
    expect(await textOf(page, '#found')).to.equal('One app found.');
    await tabTo(page, '.tile:has-text("Ledger")');
    expect(problems, 'of the portal page').to.deep.equal([]);
    await page.keyboard.press('Enter');
    await page.waitForURL(app.externalUrl);
    expect(await textOf(page, 'h1')).to.equal('Ledger');
  });

  it('searches without script as well', async () => {
    const signedIn = await openPortal();
    const cookies = await signedIn.context().cookies();
    const plain = await signedIn.context().browser()?.newContext({ ignoreHTTPSErrors: true, javaScriptEnabled: false });
    if (plain === undefined) throw new Error('no browser');
    contexts.push(plain);
    await plain.addCookies(cookies);
    const page = await plain.newPage();
    await page.goto(world.ready.portalUrl);
    expect(await textOf(page, '.rows time'), 'instants without script').to.match(/ UTC$/);
    await page.fill('#q', 'ledger uber');
    await page.keyboard.press('Enter');
    await page.waitForURL(/\?q=ledger\+uber$/);
    expect(await page.locator('.tiles>li:visible .name').allInnerTexts()).to.deep.equal(['Ledger Über']);
  });

  it('ends another session by the keyboard: its open WebSocket closes within a second, and nothing of it opens any more', async () => {
    const elsewhere = await openPortal();
    await elsewhere.goto(app.externalUrl);
    await elsewhere.evaluate(OPEN_SOCKET);
    const cookies = await cookiesOf(elsewhere, app.externalUrl);
    expect(await statusWith(cookies, app.externalUrl)).to.equal(200);
    const page = await openPortal();
    const rows = page.locator('section[aria-labelledby=sessions] li');
    const before = await rows.count();
    expect(before).to.be.greaterThan(1);
    expect(await rows.first().textContent())
      .to.contain('Chrome on Linux')
      .and.to.contain('This session');
    // Newest first behind the current one: the other browser of this spec.
    const button = 'section[aria-labelledby=sessions] li:nth-child(2) button';
    await tabTo(page, button);
    const pressedAtMs = Date.now();
    await page.keyboard.press('Enter');
    await until(() => elsewhere.evaluate<boolean>('window.closedAtMs !== undefined'), {
      what: 'the WebSocket to close',
    });
    const closedAtMs = await elsewhere.evaluate<number>('window.closedAtMs');
    expect(closedAtMs - pressedAtMs).to.be.lessThan(REVOKED_WITHIN_MS);
    await page.waitForURL(/ended=1#sessions$/);
    expect(await textOf(page, '.notice')).to.equal('The session is ended.');
    expect(await rows.count()).to.equal(before - 1);
    expect(await statusWith(cookies, app.externalUrl), 'the cookie of the ended session').to.equal(401);
  });

  it('is cut as fast by an admin who signs the user out everywhere', async () => {
    const page = await openPortal();
    await page.goto(app.externalUrl);
    await page.evaluate(OPEN_SOCKET);
    const script = join(PROJECT_ROOT, 'scripts', 'sallyport.mjs');
    const args = ['sessions', 'revoke', '--user', 'alice', '--app', 'Ledger Über', '--json'];
    const { code, out, err } = await runProgram(process.execPath, [script, ...args, '--data-dir', world.ready.dataDir]);
    const endedAtMs = Date.now();
    expect(code, err).to.equal(0);
    expect((JSON.parse(out) as { sessionIds: string[] }).sessionIds).to.have.length.greaterThan(0);
    await until(() => page.evaluate<boolean>('window.closedAtMs !== undefined'), { what: 'the WebSocket to close' });
    expect((await page.evaluate<number>('window.closedAtMs')) - endedAtMs).to.be.lessThan(REVOKED_WITHIN_MS);
  });

  it('signs out everywhere', async () => {
    const { portalUrl } = world.ready;
    const elsewhere = await openPortal();
    const page = await openPortal();
    const kept = [await cookiesOf(elsewhere, portalUrl), await cookiesOf(page, portalUrl)];
    for (const cookies of kept) expect(await statusWith(cookies, portalUrl)).to.equal(200);
    await tabTo(page, 'button:has-text("Sign out everywhere")');
    await page.keyboard.press('Enter');
    await page.waitForURL(({ host }) => host === new URL(world.system.issuer).host);
    for (const cookies of kept) expect(await statusWith(cookies, portalUrl), 'a kept cookie').to.equal(401);
  });

  it('signs out everywhere, and a page elsewhere sees its open WebSocket close within a second', async () => {
    const elsewhere = await openPortal();
    await elsewhere.goto(app.externalUrl);
    await elsewhere.evaluate(OPEN_SOCKET);
    const page = await openPortal();
    const here = await page.context().newPage();
    await here.goto(app.externalUrl);
    await here.evaluate(OPEN_SOCKET);
    const pressedAtMs = Date.now();
    await page.click('button:has-text("Sign out everywhere")');
    for (const [what, one] of [
      ['in another browser', elsewhere],
      ['in this one', here],
    ] as const) {
      await until(() => one.evaluate<boolean>('window.closedAtMs !== undefined'), { what: `the WebSocket ${what}` });
      const closedAtMs = await one.evaluate<number>('window.closedAtMs');
      expect(closedAtMs - pressedAtMs, what).to.be.lessThan(REVOKED_WITHIN_MS);
    }
    const answer = await elsewhere.evaluate<number>(`fetch('/').then(({ status }) => status)`);
    expect(answer, 'what the page asks for next').to.equal(401);
  });

  for (const isDark of [false, true])
    for (const width of [320, 1_280, 2_560])
      it(`fits ${width} px, ${isDark ? 'dark' : 'light'}`, async () => {
        const page = await openPortal({ width, height: 900, isDark });
        const widest = await page.evaluate<number>('document.documentElement.scrollWidth');
        expect(widest).to.be.at.most(width);
        if (SHOTS !== undefined)
          await page.screenshot({
            path: join(SHOTS, `my-apps-${width}-${isDark ? 'dark' : 'light'}.png`),
            fullPage: true,
          });
      });
});
