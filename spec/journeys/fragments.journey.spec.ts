import { after, before, describe, it } from 'mocha';
import type { BrowserContext, Page } from 'playwright-core';
import { isBrowserSkipped, newBrowserContext, signIn } from '../support/browser.ts';
import { sharedWorld, WORLD_TIMEOUT_MS, type World } from '../support/world.ts';

describe('the part of an address behind its #', function browserJourney() {
  this.timeout(60_000);
  let world: World;
  let context: BrowserContext;
  let page: Page;

  before(async function startWorld() {
    if (isBrowserSkipped()) this.skip();
    this.timeout(WORLD_TIMEOUT_MS);
    world = await sharedWorld();
    context = await newBrowserContext();
    page = await context.newPage();
  });

  after(() => context?.close());

  it('survives a sign-in whose page loses it', async () => {
    const deep = `${world.app('dumper').externalUrl}notes?a=1#/inbox/7`;
    await page.goto(deep);
    await page.waitForURL(({ host }) => host === new URL(world.system.issuer).host);
    await page.evaluate('history.replaceState(null, "", location.pathname + location.search)');
    await signIn(page, 'bob');
    await page.waitForURL(deep);
  });

  it('is not brought back to another address later', async () => {
    const other = `${world.app('dumper').externalUrl}other`;
    await context.clearCookies();
    await page.goto(other);
    await page.waitForURL(({ host }) => host === new URL(world.system.issuer).host);
    await signIn(page, 'bob');
    await page.waitForURL(other);
  });
});
