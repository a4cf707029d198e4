import { type CookieFlags, PORTAL_APP_ID } from '#libs/contracts';
import { isSubjectToken } from '#libs/events';
import type { LiveState } from '../user-session/live-state.ts';

/** What sign-in needs to know of an app. `externalUrl` ends in `/`. */
export type SignInApp = { readonly id: string; readonly externalUrl: URL; readonly cookieFlags: CookieFlags };

/** Longest address returned to; a longer one becomes the app's start page, because it has to fit in a cookie. */
export const MAX_RETURN_URL_LENGTH = 2000;

const PORTAL_COOKIE_FLAGS: CookieFlags = { httpOnly: true, persistent: false, sameSite: 'lax' };

export type FindSignInApp = (appId: string) => Promise<SignInApp | null>;

export function createFindSignInApp(live: LiveState, portalUrl: string): FindSignInApp {
  return async (appId) => {
    if (appId === PORTAL_APP_ID)
      return { id: appId, externalUrl: new URL('/', portalUrl), cookieFlags: PORTAL_COOKIE_FLAGS };
    if (!isSubjectToken(appId)) return null;
    const { state } = await live.app(appId);
    if (state.status !== 'published') return null;
    return { id: appId, externalUrl: new URL(state.externalUrl), cookieFlags: state.cookieFlags };
  };
}

/** The address to return to, null when it does not lie under the app's external URL: no open redirect. */
export function returnUrlOf(app: SignInApp, returnUrl: string): string | null {
  if (!URL.canParse(returnUrl)) return null;
  const url = new URL(returnUrl);
  const { origin, pathname } = app.externalUrl;
  const folder = pathname.endsWith('/') ? pathname : `${pathname}/`;
  if (url.origin !== origin || url.username !== '' || url.password !== '') return null;
  if (url.pathname !== pathname && !`${url.pathname}/`.startsWith(folder)) return null;
  return url.href.length > MAX_RETURN_URL_LENGTH ? app.externalUrl.href : url.href;
}
