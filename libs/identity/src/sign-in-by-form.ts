import { SallyportError } from '#libs/errors';
import { readForm } from './html-form.ts';
import { type BrowserOptions, type BrowserResponse, ScriptedBrowser } from './scripted-browser.ts';

export type FormSignIn = BrowserOptions & {
  /** Authorization request, with all its parameters. */
  readonly authorizeUrl: string;
  readonly username: string;
  readonly password: string;
  /** Default: a new browser without cookies. */
  readonly browser?: ScriptedBrowser;
  /** Called before each page that asks the person for something is answered. */
  readonly onAsked?: (asked: AskedFor) => void;
};

export type AskedFor = 'password' | 'one-time-code';

/** Where the development identity provider shows the code a real one would send to a telephone. */
const SHOWN_CODE = /data-one-time-code="(\d{6})"/;
/** Pages and redirects until the identity provider sends the browser away; more are ERR_IDENTITY_SIGN_IN. */
const MAX_STEPS = 12;

/**
 * Signs in as a person would: follows the redirects of the identity provider's origin, fills `username` and `password`
 * into its form once, copies the one-time code its page shows, confirms what else it asks, and returns the first address outside that origin (the redirect URI
 * with `code` and `state`) without visiting it.
 * Errors: ERR_IDENTITY_SIGN_IN (credentials refused, no form, endless), ERR_IDENTITY_BROWSER.
 */
export async function signInByForm(options: FormSignIn): Promise<string> {
  const browser = options.browser ?? new ScriptedBrowser(options);
  const { origin } = new URL(options.authorizeUrl);
  let page = await browser.get(options.authorizeUrl);
  let isPasswordSent = false;
  for (let step = 0; step < MAX_STEPS; step += 1) {
    if (page.location !== null) {
      if (new URL(page.location).origin !== origin) return page.location;
      page = await browser.get(page.location);
      continue;
    }
    const form = readForm(page.body, page.url);
    if (form === null) throw refused(page, 'shows no form');
    const asksPassword = 'password' in form.fields;
    const asksCode = 'otp' in form.fields;
    if (asksPassword && isPasswordSent) throw refused(page, `refused the credentials of ${options.username}`);
    if (asksPassword) options.onAsked?.('password');
    if (asksCode) options.onAsked?.('one-time-code');
    const credentials = asksPassword ? { username: options.username, password: options.password } : {};
    const code = asksCode ? { otp: SHOWN_CODE.exec(page.body)?.[1] ?? '' } : {};
    page = await browser.post(form.action, { ...form.fields, ...credentials, ...code });
    isPasswordSent ||= asksPassword;
  }
  throw refused(page, `did not come to an end within ${MAX_STEPS} steps`);
}

function refused(page: BrowserResponse, what: string): SallyportError {
  const { origin, pathname } = new URL(page.url);
  return new SallyportError('ERR_IDENTITY_SIGN_IN', `sign-in page ${origin}${pathname} ${what}`, {
    expose: true,
    details: { status: page.status },
  });
}
