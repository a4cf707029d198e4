import type { AppDirectory } from '../directory/app-directory.ts';
import type { PublishedApp } from '../directory/published-app.ts';

/** `Origin`, `Referer` and `Destination` of a user's request as the origin knows itself; foreign URLs stay. */
export function toInternalUrl(app: PublishedApp, value: string): string {
  if (!value.startsWith(app.externalOrigin)) return value;
  const path = value.slice(app.externalOrigin.length);
  if (path === '') return app.internalOrigin;
  if (`${path}/` === app.externalPath) return `${app.internalOrigin}${app.internalPath}`;
  if (!path.startsWith(app.externalPath)) return value;
  return `${app.internalOrigin}${app.internalPath}${path.slice(app.externalPath.length)}`;
}

/**
 * A URL of an origin's response head as the user can follow it. Absolute URLs of any published app become external;
 * paths of this app move from its internal to its external path; anything else stays.
 */
export function toExternalUrl(app: PublishedApp, directory: AppDirectory, value: string): string {
  if (value.startsWith('/') && !value.startsWith('//')) return toExternalPath(app, value) ?? value;
  const url = parseAbsolute(value.startsWith('//') ? `${new URL(app.internalOrigin).protocol}${value}` : value);
  if (!url) return value;
  const path = value.slice(value.indexOf('//') + 2).replace(/^[^/?#]*/, '');
  if (url.origin === app.internalOrigin) {
    const own = toExternalPath(app, path === '' ? '/' : path);
    if (own !== undefined) return `${app.externalOrigin}${own}`;
  }
  const other = directory.appsOfInternalOrigin(url.origin).find((it) => url.pathname.startsWith(it.internalPath));
  if (other) return `${other.externalOrigin}${toExternalPath(other, path === '' ? '/' : path) ?? other.externalPath}`;
  // The origin knows its external name but not that the user came by https.
  if (url.protocol === 'http:' && url.hostname === app.externalHostname) return `${app.externalOrigin}${path}`;
  return value;
}

/** Undefined when the path lies outside of what is published. */
export function toExternalPath(app: PublishedApp, path: string): string | undefined {
  if (app.internalPath === app.externalPath) return path.startsWith(app.internalPath) ? path : undefined;
  if (path.startsWith(app.internalPath)) return `${app.externalPath}${path.slice(app.internalPath.length)}`;
  return `${path}/` === app.internalPath ? app.externalPath : undefined;
}

function parseAbsolute(value: string): URL | undefined {
  return /^https?:\/\//i.test(value) && URL.canParse(value) ? new URL(value) : undefined;
}
