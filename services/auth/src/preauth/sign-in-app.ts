import { type AppAddress, addressAt, addressesOf, type CookieFlags, PORTAL_APP_ID } from '#libs/contracts';
import { isSubjectToken } from '#libs/events';
import { parseUrl } from '#libs/urls';
import type { LiveState } from '../user-session/live-state.ts';

/** What sign-in needs to know of an app: every way to it, and how its cookie is set. */
export type SignInApp = {
  readonly id: string;
  readonly addresses: readonly Pick<AppAddress, 'externalUrl'>[];
  readonly cookieFlags: CookieFlags;
  /** Id of the identity provider its users sign in with; null: the first. */
  readonly identityProvider: string | null;
};

/** Longest address returned to; a longer one becomes the app's start page, because it has to fit in a cookie. */
export const MAX_RETURN_URL_LENGTH = 2000;

const PORTAL_COOKIE_FLAGS: CookieFlags = { httpOnly: true, persistent: false, sameSite: 'lax' };

export type FindSignInApp = (appId: string) => Promise<SignInApp | null>;

export function createFindSignInApp(live: LiveState, portalUrl: string): FindSignInApp {
  return async (appId) => {
    if (appId === PORTAL_APP_ID)
      return {
        id: appId,
        addresses: [{ externalUrl: new URL('/', portalUrl).href }],
        cookieFlags: PORTAL_COOKIE_FLAGS,
        identityProvider: null,
      };
    if (!isSubjectToken(appId)) return null;
    const { state } = await live.app(appId);
    if (state.status !== 'published') return null;
    const { cookieFlags, identityProvider } = state;
    return { id: appId, addresses: addressesOf(state), cookieFlags, identityProvider };
  };
}

/** The address to return to, null when it lies under no external URL of the app: no open redirect. */
export function returnUrlOf(app: SignInApp, returnUrl: string): string | null {
  const url = parseUrl(returnUrl);
  if (url === undefined || url.username !== '' || url.password !== '') return null;
  const addresses = app.addresses.map(({ externalUrl }) => ({ externalUrl, internalUrl: '' }));
  const address = addressAt(addresses, url.hostname, url.pathname);
  if (address === undefined || new URL(address.externalUrl).origin !== url.origin) return null;
  return url.href.length > MAX_RETURN_URL_LENGTH ? address.externalUrl : url.href;
}
