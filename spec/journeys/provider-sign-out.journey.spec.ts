import { expect } from 'chai';
import { before, describe, it } from 'mocha';
import type { AnnouncedApp } from '../../services/launcher/src/announcement.ts';
import { until } from '../support/until.ts';
import { sharedWorld, WORLD_TIMEOUT_MS, type World } from '../support/world.ts';
import { statusAt } from './support/running-stream.ts';

describe('signing out at the identity provider', function providerSignOut() {
  this.timeout(60_000);
  let world: World;
  let app: AnnouncedApp;

  before(async function startAll() {
    this.timeout(WORLD_TIMEOUT_MS);
    world = await sharedWorld();
    app = world.app('dumper');
  });

  it('ends the session here, by a logout token of the back channel, and no session of another browser', async () => {
    const [browser, other] = await Promise.all([
      world.signIn('bob', app.externalUrl),
      world.signIn('bob', app.externalUrl),
    ]);
    const port = Number(new URL(app.externalUrl).port);
    const status = (one: typeof browser) =>
      statusAt({ url: app.externalUrl, ca: world.ca, port, headers: { cookie: one.cookieHeader(app.externalUrl) } });
    expect(await status(browser)).to.equal(200);
    const logout = world.system.issuer.replace(/\/v2\.0$/, '/oauth2/v2.0/logout');
    const page = await browser.get(logout);
    const xsrf = /name="xsrf" value="([^"]+)"/.exec(page.body)?.[1] ?? '';
    const action = /action="([^"]+)"/.exec(page.body)?.[1] ?? '';
    await browser.post(action, { xsrf, logout: 'yes' });
    await until(async () => (await status(browser)) !== 200);
    expect(await status(other)).to.equal(200);
  });
});
