import { createServer, type Server } from 'node:http';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { BrowserContext } from 'playwright-core';
import type { AnnouncedApp } from '../../services/launcher/src/announcement.ts';
import { isBrowserSkipped, newBrowserContext, openSignedIn, textOf } from '../support/browser.ts';
import { sharedWorld, WORLD_TIMEOUT_MS, type World } from '../support/world.ts';

/** As single-page apps do it: what is refused with a place to sign in loads the page anew, which then leads there and back. */
const APP = `<!doctype html><html lang="en"><title>Board</title><link rel="icon" href="data:,">
<h1>Board</h1><p id="place"></p><p id="items">none</p><button id="load">Load</button>
<script>
document.getElementById('place').textContent = location.hash;
document.getElementById('load').onclick = async () => {
  const answer = await fetch('/api/items');
  const body = await answer.json();
  sessionStorage.setItem('last', JSON.stringify([answer.status, body.signInUrl ?? null]));
  if (answer.status === 401 && body.signInUrl) location.reload();
  else document.getElementById('items').textContent = body.items.join();
};
</script></html>`;

describe('a single-page app whose session has ended', function expiredSession() {
  this.timeout(60_000);
  let world: World;
  let app: AnnouncedApp;
  let context: BrowserContext;
  let origin: Server;

  before(async function startAll() {
    if (isBrowserSkipped()) this.skip();
    this.timeout(WORLD_TIMEOUT_MS);
    world = await sharedWorld();
    origin = createServer(({ url }, response) => {
      const isApi = url === '/api/items';
      response.setHeader('content-type', isApi ? 'application/json' : 'text/html');
      response.end(isApi ? '{"items":["a","b"]}' : APP);
    });
    await new Promise<void>((resolve) => origin.listen(0, '127.0.0.1', resolve));
    const internalUrl = `http://127.0.0.1:${(origin.address() as { port: number }).port}`;
    app = await world.publish({ name: 'board', internalUrl }, ['bob']);
    context = await newBrowserContext();
  });

  after(async () => {
    await context?.close();
    if (app !== undefined) await world.retire(app);
    origin?.close();
    origin?.closeAllConnections();
  });

  it('learns it from a 401, loads itself anew, and is back on the same page after the sign-in, fragment included', async () => {
    const page = await context.newPage();
    const place = `${app.externalUrl}boards/7?view=open%20only#card-3`;
    await openSignedIn(page, place, 'bob');
    await page.click('#load');
    await page.waitForFunction(`document.getElementById('items').textContent === 'a,b'`);
    await world.api('DELETE', `/sessions?user=${world.userId('bob')}&appId=${app.id}`);
    const signedInAgain = page.waitForEvent('load');
    await page.click('#load');
    await signedInAgain;
    await page.waitForURL(place);
    await page.waitForFunction(`document.getElementById('place')?.textContent === '#card-3'`);
    expect(await page.evaluate(`sessionStorage.getItem('last')`)).to.equal(JSON.stringify([401, app.externalUrl]));
    await page.click('#load');
    await page.waitForFunction(`document.getElementById('items').textContent === 'a,b'`);
    expect(await textOf(page, 'h1')).to.equal('Board');
  });
});
