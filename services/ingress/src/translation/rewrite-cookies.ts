import type { PublishedApp } from '../directory/published-app.ts';
import { isOwnCookie } from '../sign-in/own-cookies.ts';
import { toExternalPath } from './rewrite-urls.ts';

/**
 * A Set-Cookie value of an origin as the user may have it. Undefined drops it: it is one of ours, or is meant for paths
 * that are not published, where another app may be. Name, value and attributes stay as they are except Domain and Path,
 * which speak of the internal URL. A Domain is never widened: one that does not name the external host becomes host-only,
 * so that an app cannot set cookies for its neighbors.
 */
export function rewriteSetCookie(app: PublishedApp, value: string): string | undefined {
  const [pair = '', ...attributes] = value.split(';');
  if (isOwnCookie(cookieName(pair))) return undefined;
  if (!app.view.translateHeaders || attributes.length === 0) return value;
  const kept = [pair];
  for (const attribute of attributes) {
    const equals = attribute.indexOf('=');
    const name = (equals < 0 ? attribute : attribute.slice(0, equals)).trim().toLowerCase();
    const text = equals < 0 ? '' : attribute.slice(equals + 1).trim();
    if (name === 'domain') {
      const domain = rewriteDomain(app, attribute, text);
      if (domain !== undefined) kept.push(domain);
    } else if (name === 'path' && !isHostCookie(pair)) {
      const path = rewritePath(app, text);
      if (path === undefined) return undefined;
      kept.push(path === text ? attribute : ` Path=${path}`);
    } else kept.push(attribute);
  }
  return kept.join(';');
}

/** Browsers take such a cookie only with the path `/` (RFC 6265bis, 4.1.3.2). */
function isHostCookie(pair: string): boolean {
  return cookieName(pair).toLowerCase().startsWith('__host-');
}

/** Browsers strip white space and read `=name=value` in different ways: both count as the name. */
function cookieName(pair: string): string {
  const stripped = pair.replace(/^[\s=]+/, '');
  const equals = stripped.indexOf('=');
  return (equals < 0 ? stripped : stripped.slice(0, equals)).trim();
}

/** Undefined drops the attribute. */
function rewriteDomain(app: PublishedApp, attribute: string, value: string): string | undefined {
  const domain = value.replace(/^\./, '').toLowerCase();
  if (covers(domain, app.externalHostname) && covers(domain, app.internalHostname)) return attribute;
  const external = wildcardDomain(app, domain);
  return external === undefined ? undefined : ` Domain=${external}`;
}

/** The hosts of a wildcard app are one app: a cookie for all of them inside is one for all of them outside. */
function wildcardDomain(app: PublishedApp, domain: string): string | undefined {
  const pattern = /^https?:\/\/\*\.([^/:]+)/i.exec(app.view.internalUrl)?.[1]?.toLowerCase();
  if (pattern !== domain || !app.internalHostname.endsWith(`.${domain}`)) return undefined;
  const label = app.internalHostname.slice(0, -domain.length);
  return app.externalHostname.startsWith(label) ? app.externalHostname.slice(label.length) : undefined;
}

function covers(domain: string, hostname: string): boolean {
  return hostname === domain || hostname.endsWith(`.${domain}`);
}

/** Undefined: the path lies outside of what is published, where the host may belong to another app. */
function rewritePath(app: PublishedApp, path: string): string | undefined {
  // Browsers take the folder of the request then, which is an external one.
  if (!path.startsWith('/')) return path;
  const folder = app.externalPath === '/' ? '/' : app.externalPath.slice(0, -1);
  if (`${path}/` === app.internalPath) return folder;
  const inside = toExternalPath(app, path);
  if (inside !== undefined) return path === app.internalPath && path === '/' ? folder : inside;
  // A path above the published one covers all of it, and nothing else here.
  if (app.internalPath.startsWith(path.endsWith('/') ? path : `${path}/`)) return folder;
  return app.externalPath === '/' ? path : undefined;
}
