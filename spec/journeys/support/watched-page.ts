import type { BrowserContext, Page } from 'playwright-core';
import { signIn } from '../../support/browser.ts';
import { until } from '../../support/until.ts';

const ARRIVED_WITHIN_MS = 20_000;

export type WatchedPage = {
  readonly page: Page;
  /** What went wrong: exceptions, console errors, failed requests, answers of 400 and above; not the 401 that leads to the sign-in. */
  readonly problems: readonly string[];
  /** Every address the page asked for, WebSockets included. */
  readonly requested: readonly string[];
};

/** Opens an address in a new page, signs in when asked to, and ends on the page of that address. */
export async function openWatchedPage(context: BrowserContext, url: string, username: string): Promise<WatchedPage> {
  const page = await context.newPage();
  const problems: string[] = [];
  const requested: string[] = [];
  const refused = new Set<string>();
  page.on('pageerror', (error) => problems.push(error.message));
  page.on('console', (message) => {
    const { url: from } = message.location();
    const isRefusedPage = refused.has(from) && message.text().startsWith('Failed to load resource');
    if (message.type() === 'error' && !isRefusedPage) problems.push(`${message.text()} ${from}`);
  });
  page.on('request', (request) => requested.push(request.url()));
  page.on('websocket', (socket) => requested.push(socket.url()));
  page.on('response', (answer) => {
    if (answer.status() === 401 && answer.request().isNavigationRequest()) refused.add(answer.url());
    else if (answer.status() >= 400) problems.push(`${answer.status()} ${answer.url()}`);
  });
  page.on('requestfailed', (request) => {
    // A navigation is given up when the page that leads to the sign-in goes on.
    if (!request.isNavigationRequest()) problems.push(`${request.failure()?.errorText} ${request.url()}`);
  });
  await page.goto(url);
  await awaitArrival(page, url, username);
  return { page, problems, requested };
}

/** Also when the person is signed in already, a new app leads over the sign-in host and back. */
async function awaitArrival(page: Page, url: string, username: string): Promise<void> {
  const { host } = new URL(url);
  let hasSignedIn = false;
  const isThere = async () => {
    const now = new URL(page.url());
    if (!hasSignedIn && now.host !== host && (await countOf(page, 'input[name=password]')) > 0) {
      hasSignedIn = true;
      await signIn(page, username);
      return false;
    }
    const isOwnPage = now.host === host && !now.pathname.startsWith('/.sallyport/');
    return isOwnPage && (await countOf(page, 'body > a#next[rel=noreferrer]')) === 0;
  };
  await until(isThere, { deadlineMs: ARRIVED_WITHIN_MS, everyMs: 50, what: `page of ${url}` });
  await page.waitForLoadState('load');
}

/** Zero while the page is being replaced. */
async function countOf(page: Page, selector: string): Promise<number> {
  return page
    .locator(selector)
    .count()
    .catch(() => 0);
}
