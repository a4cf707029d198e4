import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import { after, afterEach, before, beforeEach, describe, it } from 'mocha';
import type { BrowserContext, Page } from 'playwright-core';
import type { AnnouncedApp } from '../../services/launcher/src/announcement.ts';
import { isBrowserSkipped, newBrowserContext, signIn, textOf } from '../support/browser.ts';
import { until } from '../support/until.ts';
import { startWorld, WORLD_TIMEOUT_MS, type World } from '../support/world.ts';

const SPEC_TIMEOUT_MS = 60_000;
const POLICY = '/policies/several-providers-journey';

describe('apps of two identity providers in one browser', function severalProvidersJourney() {
  this.timeout(SPEC_TIMEOUT_MS);
  let world: World;
  let staff: AnnouncedApp;
  let partners: AnnouncedApp;
  let hosts: { readonly first: string; readonly second: string };
  let context: BrowserContext;
  let page: Page;

  before(async function start() {
    if (isBrowserSkipped()) this.skip();
    this.timeout(WORLD_TIMEOUT_MS);
    world = await startWorld({ args: ['--second-identity-provider'] });
    const { internalUrl } = world.app('dumper');
    staff = await world.publish({ name: 'staff', internalUrl }, ['bob']);
    partners = await world.publish({ name: 'supplies', internalUrl, identityProvider: 'partners' }, ['alice']);
    const ports = JSON.parse(await readFile(join(world.start.dataDir, 'ports.json'), 'utf8')) as Record<string, number>;
    hosts = {
      first: new URL(world.system.issuer).host,
      second: `localhost:${ports.partnersIdentityProvider}`,
    };
  });
  beforeEach(async () => {
    context = await newBrowserContext();
    page = await context.newPage();
  });
  afterEach(async () => {
    await context?.close();
  });
  after(async function stop() {
    this.timeout(WORLD_TIMEOUT_MS);
    await world?.stop();
  });

  const host = () => new URL(page.url()).host;
  const shownUser = async (app: AnnouncedApp) => {
    await page.goto(`${app.externalUrl}headers.json`);
    const { headers } = JSON.parse(await textOf(page, 'body')) as { headers: readonly (readonly [string, string])[] };
    return headers.find(([name]) => name.toLowerCase() === 'x-sallyport-user')?.[1];
  };
  const signInToBoth = async () => {
    await page.goto(staff.externalUrl);
    expect(host()).to.equal(hosts.first);
    await signIn(page, 'bob');
    const deep = `${partners.externalUrl}orders?year=2026#row-7`;
    await page.goto(deep);
    expect(host()).to.equal(hosts.second);
    await signIn(page, 'alice');
    expect(page.url()).to.equal(deep);
  };

  it('each sign people in with their own, who stay signed in at both as two people', async () => {
    await signInToBoth();
    expect(await shownUser(staff)).to.equal('bob@sallyport.example');
    expect(await shownUser(partners)).to.equal('alice');
    expect(await shownUser(staff)).to.equal('bob@sallyport.example');
  });

  for (const where of ['staff', 'partners'] as const)
    it(`end together when somebody signs out at ${where}`, async () => {
      await signInToBoth();
      const app = where === 'staff' ? staff : partners;
      await page.goto(`${app.externalUrl}.sallyport/sign-out`);
      await page.click('form[action$="sign-out"] button');
      await page.waitForURL((url) => url.host === (where === 'staff' ? hosts.first : hosts.second));
      // The other provider still knows its person and lets them in again without a question: but it is asked.
      for (const [each, provider] of [
        [staff, hosts.first],
        [partners, hosts.second],
      ] as const) {
        const asked: string[] = [];
        page.on('request', (request) => {
          if (request.isNavigationRequest()) asked.push(new URL(request.url()).host);
        });
        await page.goto(each.externalUrl);
        page.removeAllListeners('request');
        expect(asked, each.name).to.include(provider);
      }
    });

  it('ask the second provider for a second factor where a policy wants one', async () => {
    await signInToBoth();
    await world.api('PUT', POLICY, {
      name: 'Supplies need a second factor',
      state: 'on',
      assignments: { users: { include: 'all' }, apps: { include: [partners.id] } },
      grant: { kind: 'require', operator: 'all', controls: [{ kind: 'authentication-strength', context: 'c1' }] },
    });
    try {
      await until(async () => {
        await page.goto(partners.externalUrl);
        return host() === hosts.second;
      });
      const code = await page.locator('[data-one-time-code]').getAttribute('data-one-time-code');
      await page.fill('input[name=otp]', code ?? '');
      await page.click('button[type=submit]');
      await page.waitForURL(partners.externalUrl);
      expect(await textOf(page, '.badge')).to.equal('verified');
    } finally {
      await world.api('DELETE', POLICY);
    }
  });
});
