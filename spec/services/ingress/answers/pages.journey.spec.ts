import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { BrowserContext, Page } from 'playwright-core';
import { isBrowserSkipped, newBrowserContext } from '../../../support/browser.ts';
import { COOKIE } from '../support/fake-auth.ts';
import { appView, DOMAIN, type IngressRig, startIngressRig } from '../support/ingress-rig.ts';

const BROWSER_TIMEOUT_MS = 60_000;
const PORTAL = `portal.${DOMAIN}`;
/** CSS pixels; the first is that of WCAG 2.2, 1.4.10 (reflow). */
const WIDTHS = [320, 360, 1280];

/** What a page shows that cannot be read, measured as WCAG 2.2 does: text and ratio. Runs in the browser. */
const UNREADABLE = `(() => {
  const channels = (color) => (color.match(/[\\d.]+/g) ?? []).map(Number);
  const luminance = (color) => {
    const [r, g, b] = channels(color).map((c) => c / 255).map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const color = getComputedStyle(at).backgroundColor;
      if ((channels(color)[3] ?? 1) > 0) return color;
    }
    return 'rgb(255, 255, 255)';
  };
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const bad = [];
  let seen = 0;
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    if (node.textContent.trim() === '') continue;
    seen += 1;
    const lights = [luminance(getComputedStyle(node.parentElement).color), luminance(ground(node.parentElement))].sort((a, b) => a - b);
    const ratio = (lights[1] + 0.05) / (lights[0] + 0.05);
    if (!(ratio >= 4.5)) bad.push(node.textContent.trim() + ' ' + ratio.toFixed(2));
  }
  return { seen, bad };
})()`;

/** Parts of the page that stand out to the right, as they do when something is too wide. */
const TOO_WIDE = `[...document.querySelectorAll('body *')]
  .filter((it) => it.getBoundingClientRect().right > document.documentElement.clientWidth + 0.5)
  .map((it) => it.outerHTML.slice(0, 80))`;

const STRUCTURE = `({
  language: document.documentElement.lang,
  titled: document.title !== '',
  headings: document.querySelectorAll('h1').length,
  landmarks: [...document.querySelectorAll('header, main')].map((it) => it.localName),
  outside: [...document.body.children].filter((it) => !['header', 'main'].includes(it.localName)).map((it) => it.className),
})`;

describe('ingress: its own pages in a browser', function () {
  this.timeout(BROWSER_TIMEOUT_MS);
  let rig: IngressRig;
  before(async function () {
    if (isBrowserSkipped()) this.skip();
    rig = await startIngressRig({
      apps: [
        appView('wiki', { name: 'Engineering Wiki' }),
        appView('secure', { name: 'Payroll', preauthentication: 'oidc', users: ['oid-ada'] }),
      ],
    });
    rig.serve((exchange) => {
      exchange.fail('origin-timeout', 'origin-contacted', 'silent');
      return { onCancel: () => undefined };
    });
  });
  after(() => rig?.stop());

  const KINDS = [
    ['an error', `wiki.${DOMAIN}`, '/reports'],
    ['an unknown host', 'nothing.localhost', '/'],
    ['a number', PORTAL, '/.sallyport/errors/SP-1403'],
    ['all numbers', PORTAL, '/.sallyport/errors/'],
    ['the portal', PORTAL, '/'],
    ['the question before signing out', PORTAL, '/.sallyport/sign-out'],
    ['the end of a session', PORTAL, '/.sallyport/signed-out'],
  ] as const;

  async function open(context: BrowserContext, host: string, path: string): Promise<Page> {
    const origin = `https://${host}:${rig.port}`;
    const [name = '', value = ''] = COOKIE.split('=');
    await context.addCookies([{ name, value, url: origin, secure: true }]);
    const page = await context.newPage();
    await page.goto(`${origin}${path}`);
    return page;
  }

  for (const [what, host, path] of KINDS) {
    for (const isDark of [false, true]) {
      it(`lets everybody read ${what}, ${isDark ? 'dark' : 'light'}, from 320 px upwards, in Italian`, async () => {
        const context = await newBrowserContext({ isDark });
        await context.setExtraHTTPHeaders({ 'accept-language': 'it' });
        const page = await open(context, host, path);
        for (const width of WIDTHS) {
          await page.setViewportSize({ width, height: 740 });
          expect(await page.evaluate(TOO_WIDE), `${width} px`).to.deep.equal([]);
        }
        const { seen, bad } = await page.evaluate<{ seen: number; bad: string[] }>(UNREADABLE);
        expect(seen).to.be.greaterThan(3);
        expect(bad).to.deep.equal([]);
        expect(await page.evaluate(STRUCTURE)).to.deep.equal({
          language: 'it',
          titled: true,
          headings: 1,
          landmarks: ['header', 'main'],
          outside: ['skip'],
        });
        await context.close();
      });
    }
  }

  it('shows where the keyboard is, the way past the header first', async () => {
    const context = await newBrowserContext();
    const page = await open(context, `wiki.${DOMAIN}`, '/');
    const reached: string[] = [];
    for (let presses = 0; presses < 10; presses += 1) {
      await page.keyboard.press('Tab');
      const focused = await page.evaluate<{ text: string; outline: string; left: number } | null>(
        `(() => { const it = document.activeElement; if (it === document.body) return null;
          return { text: it.textContent, outline: getComputedStyle(it).outlineStyle, left: it.getBoundingClientRect().left }; })()`,
      );
      if (focused === null) break;
      reached.push(focused.text);
      expect(focused.outline, focused.text).to.equal('solid');
      expect(focused.left, focused.text).to.be.at.least(0);
    }
    expect(reached).to.deep.equal(['Skip to content', 'Try again', 'Go to your apps', 'About SP-1406']);
    await context.close();
  });

  it('selects number and request id with one click, to be copied', async () => {
    const context = await newBrowserContext({ width: 360 });
    const page = await open(context, `wiki.${DOMAIN}`, '/');
    await page.click('.copy');
    const selected = await page.evaluate<string>('getSelection().toString()');
    expect(selected).to.match(/^SP-1406 req_[a-z2-7]{24}$/);
    await context.close();
  });

  it('leads from an error to what its number means', async () => {
    const context = await newBrowserContext();
    const page = await open(context, `wiki.${DOMAIN}`, '/');
    await page.click('text=About SP-1406');
    expect(new URL(page.url()).pathname).to.equal('/.sallyport/errors/SP-1406');
    expect(await page.textContent('main')).to.contain('sallyport apps change <app> --timeout long');
    await context.close();
  });
});
