import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import type { BrowserContext, Page } from 'playwright-core';
import { isBrowserSkipped, newBrowserContext, openSignedIn, textOf } from '../support/browser.ts';
import { until } from '../support/until.ts';
import { sharedWorld, WORLD_TIMEOUT_MS, type World } from '../support/world.ts';

const STARTED_AGAIN_MS = 30_000;

describe('people while auth does not answer', function authDown() {
  this.timeout(2 * STARTED_AGAIN_MS);
  let world: World;
  let dumper: string;
  let pid: number | undefined;
  const contexts: BrowserContext[] = [];

  before(async function startWorld() {
    if (isBrowserSkipped()) this.skip();
    this.timeout(WORLD_TIMEOUT_MS);
    world = await sharedWorld();
    dumper = world.app('dumper').externalUrl;
  });
  after(async () => {
    goOn();
    for (const context of contexts) await context.close();
  });

  async function newPage(): Promise<Page> {
    const context = await newBrowserContext();
    contexts.push(context);
    return context.newPage();
  }
  /** It lives, and says nothing: the launcher does not start another one. */
  async function hold(): Promise<void> {
    pid = (await world.processes()).auth;
    if (pid === undefined) throw new Error('no process named auth');
    process.kill(pid, 'SIGSTOP');
  }
  function goOn(): void {
    if (pid !== undefined) process.kill(pid, 'SIGCONT');
    pid = undefined;
  }

  it('go on where a decision stands; others read a page that says so, and nobody is let in', async () => {
    const page = await newPage();
    await openSignedIn(page, dumper, 'bob');
    const stranger = await newPage();
    const other = await newPage();
    await openSignedIn(other, world.ready.portalUrl, 'bob');
    await hold();
    try {
      await page.reload();
      expect(await textOf(page, '.badge'), 'a decision that stands').to.equal('verified');
      for (const [what, one] of [
        ['nobody signed in', stranger],
        ['signed in, no decision about this app', other],
      ] as const) {
        const answer = await one.goto(dumper);
        expect(answer?.status(), what).to.equal(503);
        expect(answer?.headers()['retry-after'], what).to.match(/^\d+$/);
        const text = await textOf(one, 'main');
        expect(text, what)
          .to.contain('SP-')
          .and.match(/sign-in/i);
        expect(await one.locator('.badge').count(), what).to.equal(0);
      }
    } finally {
      goOn();
    }
    await until(async () => (await page.goto(dumper))?.status() === 200, {
      deadlineMs: STARTED_AGAIN_MS,
      everyMs: 200,
    });
    expect(await textOf(page, '.badge'), 'as before, without a sign-in').to.equal('verified');
    await openSignedIn(stranger, dumper, 'bob');
    expect(await textOf(stranger, '.badge')).to.equal('verified');
  });
});
