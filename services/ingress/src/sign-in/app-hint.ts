import { COOKIE_PREFIX } from '#libs/contracts';
import type { PublishedApp } from '../directory/published-app.ts';
import type { Exchange } from '../pipeline/exchange.ts';
import { readOwnCookies } from './own-cookies.ts';

const HINT_COOKIE = `${COOKIE_PREFIX}for`;
const HINT_SECONDS = 600;

/**
 * Several apps may share a host by path, while a sign-in comes back to one path of that host. The hint remembers for
 * which app the sign-in began. It grants nothing: auth compares it with the app sealed in the ticket.
 */
export function appHintCookies(exchange: Exchange, app: PublishedApp): readonly string[] {
  if (exchange.tenant.directory.appsOfHost(app.externalHostname).length < 2) return [];
  return [`${HINT_COOKIE}=${app.view.id}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=${HINT_SECONDS}`];
}

/** The app the sign-in began for; the only one of the host when there is but one. */
export function readHintedApp(exchange: Exchange): string | undefined {
  const apps = exchange.tenant.directory.appsOfHost(exchange.hostname);
  if (apps.length < 2) return apps[0]?.view.id;
  const hint = readOwnCookies(exchange.head.cookie)[HINT_COOKIE];
  return apps.find((app) => app.view.id === hint)?.view.id;
}
