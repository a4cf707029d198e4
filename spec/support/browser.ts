import { after } from 'mocha';
import { type Browser, type BrowserContext, chromium, type Page } from 'playwright-core';

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

let browser: Promise<Browser> | undefined;

/** A fresh browser profile; certificates of a development CA are accepted here, curl specs verify them. */
export async function newBrowserContext(
  options: { readonly width?: number; readonly isDark?: boolean } = {},
): Promise<BrowserContext> {
  browser ??= chromium.launch({ executablePath: process.env.SALLYPORT_CHROMIUM ?? '/usr/bin/chromium', args: FLAGS });
  return (await browser).newContext({
    ignoreHTTPSErrors: true,
    viewport: { width: options.width ?? 1280, height: 900 },
    colorScheme: options.isDark ? 'dark' : 'light',
  });
}

/** Fills the development identity provider's form; ends on the page first asked for. */
export async function signIn(page: Page, username: string, password: string): Promise<void> {
  await page.fill('input[name=username]', username);
  await page.fill('input[name=password]', password);
  await Promise.all([page.waitForURL((url) => !url.pathname.includes('/login/')), page.click('button[type=submit]')]);
}

after(async () => {
  await (await browser)?.close();
});
