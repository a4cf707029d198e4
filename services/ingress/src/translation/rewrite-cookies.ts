import type { PublishedApp } from '../directory/published-app.ts';
import { isOwnCookie } from '../sign-in/own-cookies.ts';
import { toExternalPath } from './rewrite-urls.ts';

/**
 * A Set-Cookie value of an origin as the user may have it; undefined drops it, because it is one of ours. Name, value and
 * attributes stay as they are except Domain and Path, which speak of the internal URL. A Domain is never widened: one
 * that does not name the external host becomes host-only, so that an app cannot set cookies for its neighbors.
 */
export function rewriteSetCookie(app: PublishedApp, value: string): string | undefined {
  const [pair = '', ...attributes] = value.split(';');
  if (isOwnCookie(cookieName(pair))) return undefined;
  if (!app.view.translateHeaders || attributes.length === 0) return value;
  const kept = [pair];
  for (const attribute of attributes) {
    const rewritten = rewriteAttribute(app, attribute);
    if (rewritten !== undefined) kept.push(rewritten);
  }
  return kept.join(';');
}

/** Browsers strip white space and read `=name=value` in different ways: both count as the name. */
function cookieName(pair: string): string {
  const stripped = pair.replace(/^[\s=]+/, '');
  const equals = stripped.indexOf('=');
  return (equals < 0 ? stripped : stripped.slice(0, equals)).trim();
}

function rewriteAttribute(app: PublishedApp, attribute: string): string | undefined {
  const equals = attribute.indexOf('=');
  const name = (equals < 0 ? attribute : attribute.slice(0, equals)).trim().toLowerCase();
  const value = equals < 0 ? '' : attribute.slice(equals + 1).trim();
  if (name === 'domain') return isKeptDomain(app, value) ? attribute : undefined;
  if (name === 'path') return ` Path=${cookiePath(app, value)}`;
  return attribute;
}

/** Kept only where the origin lives under the same name as its external URL does, and means that name. */
function isKeptDomain(app: PublishedApp, value: string): boolean {
  const domain = value.replace(/^\./, '').toLowerCase();
  return covers(domain, app.externalHostname) && covers(domain, app.internalHostname);
}

function covers(domain: string, hostname: string): boolean {
  return hostname === domain || hostname.endsWith(`.${domain}`);
}

function cookiePath(app: PublishedApp, path: string): string {
  if (!path.startsWith('/')) return path === '' ? app.externalPath : path;
  const inside = toExternalPath(app, path);
  if (inside !== undefined) return inside;
  // A path above the published one covers all of it, and nothing else here.
  return app.internalPath.startsWith(path) ? app.externalPath : path;
}
