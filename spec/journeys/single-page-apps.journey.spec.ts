import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { after, afterEach, before, beforeEach, describe, it } from 'mocha';
import type { BrowserContext } from 'playwright-core';
import type { AnnouncedApp } from '../../services/launcher/src/announcement.ts';
import type { LocalApp } from '../support/apps/local-app.ts';
import { startNginx } from '../support/apps/nginx.ts';
import { isBrowserSkipped, newBrowserContext, textOf } from '../support/browser.ts';
import { until } from '../support/until.ts';
import { sharedWorld, WORLD_TIMEOUT_MS, type World } from '../support/world.ts';
import { openWatchedPage } from './support/watched-page.ts';

const INSTALL_TIMEOUT_MS = 300_000;
const PIXEL = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
);

const HANDSHAKE = {
  connection: 'Upgrade',
  upgrade: 'websocket',
  'sec-websocket-version': '13',
  'sec-websocket-key': 'dGhlIHNhbXBsZSBub25jZQ==',
};

type Refused = {
  readonly status: number;
  readonly type: string | null;
  readonly problem: Readonly<Record<string, string>>;
  readonly byXhr: { readonly status: number; readonly text: string };
  readonly webSocket: 'open' | 'refused';
};

/** Runs in the page: fetch, XMLHttpRequest and WebSocket, and what each was told. */
const ASK_IN_EVERY_WAY = `(async () => {
  const answer = await fetch('/data.json');
  const problem = await answer.json();
  const byXhr = await new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open('GET', '/data.json');
    request.onload = () => resolve({ status: request.status, text: request.responseText });
    request.send();
  });
  const webSocket = await new Promise((resolve) => {
    const socket = new WebSocket('wss://' + location.host + '/socket');
    socket.onopen = () => resolve('open');
    socket.onerror = () => resolve('refused');
  });
  return { status: answer.status, type: answer.headers.get('content-type'), problem, byXhr, webSocket };
})()`;

/** Links to the second app by the name only the private network knows. */
function pageOfLinks(inner: string): string {
  return `<!doctype html><html lang="en"><title>Links</title><link rel="icon" href="data:,">
<link rel="stylesheet" href="${inner}style.css">
<style>#inline { background-image: url("${inner}inline.png"); }</style>
<p id="styled">styled</p><p id="inline">inline</p>
<img id="plain" src="${inner}plain.png" alt="">
<img id="set" srcset="${inner}set1.png 1x, ${inner}set2.png 2x" alt="">
<a href="${inner}other.html">other</a></html>`;
}

describe('pages of published apps in the browser', function singlePageApps() {
  this.timeout(60_000);
  let world: World;
  let folder: string;
  let context: BrowserContext;
  let pages: AnnouncedApp;
  let assets: AnnouncedApp;
  let pagesOrigin: LocalApp;
  let assetsOrigin: LocalApp;
  const apps: Pick<AnnouncedApp, 'id'>[] = [];

  before(async function startAll() {
    if (isBrowserSkipped()) this.skip();
    this.timeout(WORLD_TIMEOUT_MS + INSTALL_TIMEOUT_MS);
    world = await sharedWorld();
    folder = await mkdtemp(join(tmpdir(), 'sallyport-pages-'));
    for (const name of ['pages', 'assets']) await mkdir(join(folder, name));
    pagesOrigin = await startNginx(join(folder, 'pages'));
    assetsOrigin = await startNginx(join(folder, 'assets'));
    await fill(folder, assetsOrigin.url);
    pages = await world.publish({ name: 'pages', internalUrl: pagesOrigin.url, translateBodyLinks: true }, ['bob']);
    apps.push(pages);
    const corsRules = [
      {
        allowedOrigins: [new URL(pages.externalUrl).origin],
        allowedMethods: ['PUT'],
        allowedHeaders: ['x-wanted'],
        allowCredentials: true,
      },
    ];
    const settings = { internalUrl: assetsOrigin.url, translateBodyLinks: true, corsRules };
    assets = await world.publish({ name: 'assets', ...settings }, ['bob']);
    apps.push(assets);
  });

  beforeEach(async () => {
    context = await newBrowserContext();
  });

  afterEach(() => context?.close());

  after(async () => {
    await pagesOrigin?.stop();
    await assetsOrigin?.stop();
    for (const app of apps) await world.retire(app);
    if (folder) await rm(folder, { recursive: true, force: true });
  });

  /** Publishes without `world.publish`, which asks the external URL itself whether it is known. */
  const publishAt = async (externalUrl: string, internalUrl: string, probe: string) => {
    const app = (await world.api('POST', '/apps', { name: externalUrl, externalUrl, internalUrl })) as AnnouncedApp;
    apps.push(app);
    await world.api('PUT', `/apps/${app.id}/assignments/users/${world.userId('bob')}`);
    const { page } = await openWatchedPage(context, pages.externalUrl, 'bob');
    const statusOf = async () => (await page.goto(probe))?.status();
    await until(async () => (await statusOf()) !== 404, { everyMs: 100, what: `${probe} is known` });
    await page.close();
  };

  describe('when the session has ended', () => {
    it('fetch and XMLHttpRequest get 401 and where to sign in; a WebSocket is refused', async () => {
      const { page, problems } = await openWatchedPage(context, pages.externalUrl, 'bob');
      await context.clearCookies();
      const seen = await page.evaluate<Refused>(ASK_IN_EVERY_WAY);
      expect(seen.status).to.equal(401);
      expect(seen.type).to.equal('application/problem+json');
      expect(seen.problem.code).to.equal('SP-1201');
      expect(seen.problem.signInUrl).to.equal(pages.externalUrl);
      expect(seen.byXhr.status).to.equal(401);
      expect((JSON.parse(seen.byXhr.text) as { signInUrl: string }).signInUrl).to.equal(pages.externalUrl);
      expect(seen.webSocket).to.equal('refused');
      // Chromium tells scripts nothing of a refused handshake, so its answer is read without a browser.
      await until(() => problems.some((problem) => problem.startsWith('WebSocket connection to')));
      const handshake = await world.call(`${pages.externalUrl}socket`, { headers: HANDSHAKE });
      expect(handshake.status).to.equal(401);
      expect(handshake.json().signInUrl).to.equal(pages.externalUrl);
      await page.goto(seen.problem.signInUrl ?? '');
      await page.waitForURL(({ host }) => host === new URL(world.system.issuer).host);
    });
  });

  describe('that call another app', () => {
    const openBoth = async () => {
      await (await openWatchedPage(context, assets.externalUrl, 'bob')).page.close();
      return openWatchedPage(context, pages.externalUrl, 'bob');
    };
    const ask = (url: string, init: { method?: string; headers?: Record<string, string> }) =>
      [`${url}`, { credentials: 'include' as const, ...init }] as const;

    for (const [what, path, init, expected] of [
      ['read it with their cookie', 'data.json', {}, '200 {"n":42}'],
      [
        'use a method and a header its rule allows',
        'uploads/x',
        { method: 'PUT', headers: { 'x-wanted': '1' } },
        '201 ',
      ],
      ['cannot use another method', 'uploads/x', { method: 'DELETE' }, 'refused'],
      ['cannot use another header', 'data.json', { headers: { 'x-other': '1' } }, 'refused'],
    ] as const) {
      it(what, async () => {
        const { page } = await openBoth();
        const seen = await page.evaluate(
          ([url, request]) =>
            fetch(url, request).then(
              async (answer) => `${answer.status} ${(await answer.text()).trim()}`,
              () => 'refused',
            ),
          ask(`${assets.externalUrl}${path}`, init),
        );
        expect(seen).to.equal(expected);
      });
    }

    it('can read why they are refused when nobody is signed in there', async () => {
      const { page } = await openWatchedPage(context, pages.externalUrl, 'bob');
      const seen = await page.evaluate(async (url) => {
        const answer = await fetch(url, { credentials: 'include' });
        return { status: answer.status, problem: (await answer.json()) as Record<string, string> };
      }, `${assets.externalUrl}data.json`);
      expect(seen.status).to.equal(401);
      expect(seen.problem.signInUrl).to.equal(assets.externalUrl);
    });
  });

  describe('that link to another app by its internal name', () => {
    it('load everything through the gate', async () => {
      await (await openWatchedPage(context, assets.externalUrl, 'bob')).page.close();
      const { page, problems, requested } = await openWatchedPage(context, `${pages.externalUrl}links.html`, 'bob');
      await page.waitForLoadState('networkidle');
      const widths = await page.evaluate<number[]>(`[...document.images].map((image) => image.naturalWidth)`);
      expect(widths).to.deep.equal([1, 1]);
      expect(problems).to.deep.equal([]);
      for (const name of ['style.css', 'sheet.png', 'inline.png', 'plain.png', 'set1.png'])
        expect(requested).to.include(`${assets.externalUrl}${name}`);
      const inner = [new URL(pagesOrigin.url).host, new URL(assetsOrigin.url).host];
      expect(requested.filter((url) => inner.includes(new URL(url).host))).to.deep.equal([]);
      await page.click('a');
      await page.waitForURL(`${assets.externalUrl}other.html`);
      expect(await textOf(page, 'h1')).to.equal('other');
    });
  });

  it('open under any name of a wildcard app', async () => {
    const { port } = new URL(pages.externalUrl);
    const at = (name: string) => `https://${name}.sites.sallyport.localhost:${port}/`;
    await publishAt(at('*'), assetsOrigin.url, at('one'));
    for (const name of ['one', 'two']) {
      const { page, problems } = await openWatchedPage(context, `${at(name)}other.html`, 'bob');
      expect(await textOf(page, 'h1')).to.equal('other');
      expect(problems).to.deep.equal([]);
    }
  });

  it('open below a path beside another app of the same host', async () => {
    const wiki = `${pages.externalUrl}wiki/`;
    await publishAt(wiki, `${assetsOrigin.url}files/`, wiki);
    const { page, problems } = await openWatchedPage(context, wiki, 'bob');
    expect(await page.locator('a').allTextContents()).to.include('shelf/');
    // Without the slash nginx answers with an absolute redirect to its internal address.
    await page.goto(`${wiki}shelf`);
    expect(page.url()).to.equal(`${wiki}shelf/`);
    await page.click('a:has-text("book.txt")');
    await page.waitForURL(`${wiki}shelf/book.txt`);
    expect(await textOf(page, 'body')).to.equal('a book');
    // Chromium asks for it at the root, which is the app beside.
    expect(problems.filter((problem) => !problem.includes('/favicon.ico'))).to.deep.equal([]);
    const beside = await openWatchedPage(context, `${pages.externalUrl}links.html`, 'bob');
    expect(await beside.page.title()).to.equal('Links');
  });
});

/** The first app links to the second, whose internal address is `inner`. */
async function fill(folder: string, inner: string): Promise<void> {
  const write = (path: string, content: string | Buffer) => writeFile(join(folder, path), content);
  await write('pages/public/index.html', '<!doctype html><title>Pages</title><link rel="icon" href="data:,">');
  await write('pages/public/links.html', pageOfLinks(inner));
  await write('assets/public/index.html', '<!doctype html><title>Assets</title><link rel="icon" href="data:,">');
  await write('assets/public/other.html', '<!doctype html><link rel="icon" href="data:,"><h1>other</h1>');
  await write('assets/public/data.json', '{"n":42}\n');
  await write('assets/public/style.css', `#styled { background-image: url(${inner}sheet.png) }`);
  for (const name of ['sheet', 'inline', 'plain', 'set1', 'set2']) await write(`assets/public/${name}.png`, PIXEL);
  await mkdir(join(folder, 'assets', 'files', 'shelf'));
  await write('assets/files/shelf/book.txt', 'a book');
}
