import { after } from 'mocha';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

const CLOSE_TIMEOUT_MS = 20_000;
const NAVIGATION_TIMEOUT_MS = 20_000;

/** Chromium's own background traffic is switched off: the machine may have no network. */
const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--disable-features=OptimizationHints,MediaRouter',
];

export type Profile = {
  /** CSS pixels. Default 1280. */
  readonly width?: number;
  /** CSS pixels. Default 900. */
  readonly height?: number;
  readonly isDark?: boolean;
};

let browser: Promise<Browser> | undefined;

/** Whether this run goes without a browser; a spec that needs one then skips itself. */
export function isBrowserSkipped(): boolean {
  return process.env.SALLYPORT_SKIP_BROWSER === '1';
}

/** A fresh browser profile; certificates of a development CA are accepted here, curl specs verify them. */
export async function newBrowserContext(profile: Profile = {}): Promise<BrowserContext> {
  browser ??= chromium.launch({ executablePath: process.env.SALLYPORT_CHROMIUM ?? '/usr/bin/chromium', args: FLAGS });
  const context = await (await browser).newContext({
    ignoreHTTPSErrors: true,
    viewport: { width: profile.width ?? 1280, height: profile.height ?? 900 },
    colorScheme: profile.isDark ? 'dark' : 'light',
  });
  context.setDefaultTimeout(NAVIGATION_TIMEOUT_MS);
  return context;
}

/** Fills the development identity provider's form; ends on the page that follows it. */
export async function signIn(page: Page, username: string, password = username): Promise<void> {
  const identityProvider = new URL(page.url()).host;
  await page.fill('input[name=username]', username);
  await page.fill('input[name=password]', password);
  await Promise.all([page.waitForURL(({ host }) => host !== identityProvider), page.click('button[type=submit]')]);
}

/** Opens an address, signs in when asked, and ends on the page of that address. */
export async function openSignedIn(page: Page, url: string, username: string): Promise<void> {
  await page.goto(url);
  if (new URL(page.url()).host !== new URL(url).host) await signIn(page, username);
}

/** Text of the first element that matches. */
export async function textOf(page: Page, selector: string): Promise<string> {
  return (await page.locator(selector).first().textContent()) ?? '';
}

after(async function closeBrowser() {
  this.timeout(CLOSE_TIMEOUT_MS);
  await (await browser?.catch(() => undefined))?.close();
});
