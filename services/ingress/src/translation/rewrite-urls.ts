import { parseUrl } from '#libs/urls';
import type { PublishedApp } from '../directory/published-app.ts';
import type { PageLinks, UrlEdit } from './links.ts';

/** Where an app is inside and outside. Of a wildcard app: as it is for one host. */
export type LinkTarget = Pick<
  PublishedApp,
  'externalOrigin' | 'externalHostname' | 'externalPath' | 'internalOrigin' | 'internalHostname' | 'internalPath'
>;

/** What translation asks of the app directory. Wildcard apps are given as they are for the host that is asked about. */
export type LinkDirectory = {
  /** The app with the longest internal path that holds a path of a scheme, host and port. */
  appOfInternalUrl(origin: string, path: string): LinkTarget | undefined;
  /** Apps of an external host; longest external path first. */
  appsOfHost(hostname: string): readonly LinkTarget[];
};

/** Links to other origins remembered while one document is translated; past it each is looked up. */
const MAX_REMEMBERED_AUTHORITIES = 256;
const AUTHORITY = /^(?:(https?|wss?):)?\/\/([^/?#\\]*)/i;
const PATH_END = /[?#]/;
/** Signs that browsers read as a slash or leave out. A path with these or with dot segments is compared as they read it. */
const UNEVEN_SIGN = /[\\\t\n\r]/;
const DOT_SEGMENT = /(?:^|[\\/])[\t\n\r]*(?:(?:\.|%2e)[\t\n\r]*){1,2}(?=[\\/]|$)/i;
const BEYOND_ASCII = /[^\0-\x7f]/;

type Place = {
  /** Scheme, host and port the authority means. */
  readonly origin: string;
  /** The external origin, when the authority is an external one that only lacks https. */
  readonly upgraded: string | undefined;
  readonly isWebSocket: boolean;
};

const NOWHERE: Place = { origin: '', upgraded: undefined, isWebSocket: false };

/**
 * Maps URLs of an origin's answer to those the user can follow. Absolute URLs of any published app become external (the
 * app with the longest internal path, the own one where two are equal); paths move from the app's internal to its
 * external path; anything else stays. One map serves one answer, so that what it remembers never grows old.
 */
export class LinkMap implements PageLinks {
  readonly #app: LinkTarget;
  readonly #directory: LinkDirectory;
  readonly #places = new Map<string, Place>();
  #baseOrigin: string;
  #hasBase = false;

  constructor(app: LinkTarget, directory: LinkDirectory) {
    this.#app = app;
    this.#directory = directory;
    this.#baseOrigin = app.internalOrigin;
  }

  setBase(href: string): void {
    if (this.#hasBase) return;
    this.#hasBase = true;
    const { internalOrigin } = this.#app;
    this.#baseOrigin = parseUrl(href, internalOrigin)?.origin ?? this.#baseOrigin;
  }

  /** The whole URL as it becomes. */
  toExternal(url: string): string {
    const edit = this.edit(url);
    return edit ? edit.text + url.slice(edit.length) : url;
  }

  edit(url: string): UrlEdit | undefined {
    if (url.charCodeAt(0) === 0x2f && url.charCodeAt(1) !== 0x2f && url.charCodeAt(1) !== 0x5c)
      return this.#editPath(url);
    const match = AUTHORITY.exec(url);
    if (!match) return undefined;
    const [prefix, scheme, authority = ''] = match;
    const place = this.#placeOf(prefix, scheme, authority);
    if (place === NOWHERE) return undefined;
    const path = pathOf(url, prefix.length);
    const app = this.#appOf(place.origin, path.text === '' ? '/' : path.text);
    if (app) {
      const { length, text } = movePath(app, path);
      return { length: prefix.length + length, text: originOf(app, place.isWebSocket) + text };
    }
    return place.upgraded === undefined ? undefined : { length: prefix.length, text: place.upgraded };
  }

  /** A path is that of the base. It stays a path as long as its app is the one the page itself is shown under. */
  #editPath(url: string): UrlEdit | undefined {
    const path = pathOf(url, 0);
    const app = this.#appOf(this.#baseOrigin, path.text);
    if (!app) return undefined;
    const isOwn = app === this.#app;
    if (isOwn && app.internalPath === app.externalPath) return undefined;
    const { length, text } = movePath(app, path);
    return { length, text: isOwn ? text : app.externalOrigin + text };
  }

  /** The own app is taken as the user came to it: by an alternate host, or while it leaves the directory. */
  #appOf(origin: string, path: string): LinkTarget | undefined {
    const found = this.#directory.appOfInternalUrl(origin, path);
    const own = this.#app;
    if (own.internalOrigin !== origin || !isBelow(own.internalPath, path)) return found;
    return found && found.internalPath.length > own.internalPath.length ? found : own;
  }

  #placeOf(prefix: string, scheme: string | undefined, authority: string): Place {
    const known = this.#places.get(prefix);
    if (known) return known;
    const place = this.#findPlace(scheme?.toLowerCase(), authority);
    if (this.#places.size < MAX_REMEMBERED_AUTHORITIES) this.#places.set(prefix, place);
    return place;
  }

  #findPlace(scheme: string | undefined, authority: string): Place {
    const isWebSocket = scheme === 'ws' || scheme === 'wss';
    const protocol = scheme ?? this.#baseOrigin.slice(0, this.#baseOrigin.indexOf(':'));
    const text = `${protocol.replace('ws', 'http')}://${asUnicode(authority)}`;
    const url = parseUrl(text);
    if (url === undefined) return NOWHERE;
    return { origin: url.origin, upgraded: this.#upgradedOrigin(url, isWebSocket), isWebSocket };
  }

  /** An origin may know an external name but not that users come by https. */
  #upgradedOrigin(url: URL, isWebSocket: boolean): string | undefined {
    if (url.protocol !== 'http:') return undefined;
    const own = this.#app;
    const app = url.hostname === own.externalHostname ? own : this.#directory.appsOfHost(url.hostname)[0];
    return app && originOf(app, isWebSocket);
  }
}

function originOf(app: LinkTarget, isWebSocket: boolean): string {
  return isWebSocket ? app.externalOrigin.replace(/^https:/, 'wss:') : app.externalOrigin;
}

/** `Origin`, `Referer` and `Destination` of a user's request as origins know each other; foreign URLs stay. */
export function toInternalUrl(app: LinkTarget, value: string, directory?: LinkDirectory): string {
  const own = moveInside(app, value);
  if (own !== undefined || !directory || !/^https:\/\//i.test(value)) return own ?? value;
  for (const other of directory.appsOfHost(parseUrl(value)?.hostname ?? '')) {
    const moved = moveInside(other, value);
    if (moved !== undefined) return moved;
  }
  return value;
}

function moveInside(app: LinkTarget, value: string): string | undefined {
  if (!value.startsWith(app.externalOrigin)) return undefined;
  const path = value.slice(app.externalOrigin.length);
  if (path === '') return app.internalOrigin;
  if (`${path}/` === app.externalPath) return `${app.internalOrigin}${app.internalPath}`;
  if (!path.startsWith(app.externalPath)) return undefined;
  return `${app.internalOrigin}${app.internalPath}${path.slice(app.externalPath.length)}`;
}

/** Undefined when the path lies outside of what is published. */
export function toExternalPath(app: LinkTarget, path: string): string | undefined {
  if (app.internalPath === app.externalPath) return path.startsWith(app.internalPath) ? path : undefined;
  if (path.startsWith(app.internalPath)) return `${app.externalPath}${path.slice(app.internalPath.length)}`;
  return `${path}/` === app.internalPath ? app.externalPath : undefined;
}

type Path = {
  /** As browsers read it. */
  readonly text: string;
  /** As it is written, when that is not the same. */
  readonly raw: string | undefined;
  readonly hasDots: boolean;
};

function pathOf(url: string, from: number): Path {
  const rest = url.slice(from);
  const end = rest.search(PATH_END);
  const raw = end < 0 ? rest : rest.slice(0, end);
  const hasDots = DOT_SEGMENT.test(raw);
  if (!hasDots && !UNEVEN_SIGN.test(raw)) return { text: raw, raw: undefined, hasDots };
  return { text: new URL(`http://x${asUnicode(raw)}`).pathname, raw, hasDots };
}

/** Text is read as Latin-1: letters beyond ASCII arrive as the bytes of their UTF-8. */
function asUnicode(text: string): string {
  return BEYOND_ASCII.test(text) ? Buffer.from(text, 'latin1').toString('utf8') : text;
}

/** The path below the app's internal path as it is below the external one. */
function movePath(app: LinkTarget, { text, raw, hasDots }: Path): UrlEdit {
  const { internalPath, externalPath } = app;
  if (raw !== undefined && (hasDots || !raw.startsWith(internalPath)))
    return { length: raw.length, text: externalPath + text.slice(internalPath.length) };
  if (text === '') return { length: 0, text: externalPath === '/' ? '' : externalPath };
  return { length: Math.min(text.length, internalPath.length), text: externalPath };
}

function isBelow(folder: string, path: string): boolean {
  return path.startsWith(folder) || (path.length === folder.length - 1 && folder.startsWith(path));
}
