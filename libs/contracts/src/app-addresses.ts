import type { AppSettings } from './facts/app-settings.ts';

/** The settings that say where an app is, outside and inside. */
export type AppPlaces = Pick<AppSettings, 'externalUrl' | 'internalUrl' | 'alternateHosts' | 'segments'>;

/** One way to an app: where users come and where that leads. A pattern when the first label of the host is `*`. */
export type AppAddress = { readonly externalUrl: string; readonly internalUrl: string };

/** Every way to an app. None for a wildcard app whose last segment is gone: it fails closed. */
export function addressesOf(app: AppPlaces): readonly AppAddress[] {
  const { externalUrl, internalUrl, alternateHosts, segments } = app;
  if (segments !== null) return segments;
  const external = [externalUrl, ...alternateHosts.map((host) => withHost(externalUrl, host))];
  return external.map((url) => ({ externalUrl: url, internalUrl }));
}

/** Every external URL that belongs to an app alone: its addresses, and the wildcard whose segments they are. */
export function claimedUrlsOf(app: AppPlaces): readonly string[] {
  const own = addressesOf(app).map(({ externalUrl }) => externalUrl);
  return app.segments === null ? own : [app.externalUrl, ...own];
}

/**
 * The address that a request of this app came by, with no `*` left in it: the exact host before a wildcard, the deeper
 * wildcard before the shallower, then the longest path by whole segments. Undefined when none holds it.
 */
export function addressAt(addresses: readonly AppAddress[], hostname: string, path: string): AppAddress | undefined {
  let found: AppAddress | undefined;
  let best = -1;
  for (const address of addresses) {
    const { host, path: folder } = partsOf(address.externalUrl);
    if (!holdsHost(host, hostname) || !holdsPath(folder, path)) continue;
    const rank = (host === hostname ? 1_000 : host.length) * 10_000 + folder.length;
    if (rank <= best) continue;
    best = rank;
    found = address;
  }
  return found === undefined ? undefined : concreteAddress(found, hostname);
}

/** The pattern with `*` replaced by what it stands for in this host; the address itself when it is no pattern. */
export function concreteAddress(address: AppAddress, hostname: string): AppAddress {
  const { host } = partsOf(address.externalUrl);
  if (!isWildcardHost(host)) return address;
  const labels = hostname.slice(0, hostname.length - host.length + 1);
  return {
    externalUrl: withHost(address.externalUrl, hostname),
    internalUrl: address.internalUrl.replace('://*.', () => `://${labels}.`),
  };
}

/** Whether a host begins with the label `*`. */
export function isWildcardHost(host: string): boolean {
  return host.startsWith('*.');
}

/** Whether a pattern host, or an exact one, stands for this host: `*.a.example` for one or more labels before it. */
export function holdsHost(pattern: string, hostname: string): boolean {
  if (!isWildcardHost(pattern)) return pattern === hostname;
  return hostname.length > pattern.length - 1 && hostname.endsWith(pattern.slice(1)) && !hostname.startsWith('.');
}

/** Whether a folder, which ends in a slash, holds a path; the folder without its slash counts. */
export function holdsPath(folder: string, path: string): boolean {
  return path.startsWith(folder) || (path.length === folder.length - 1 && folder.startsWith(path));
}

/** An absolute URL with another host name, its port kept. */
export function withHost(url: string, host: string): string {
  return url.replace(/^(https?:\/\/)(?:\[[^\]]*\]|[^/:]*)/, (_all, scheme: string) => `${scheme}${host}`);
}

/** Host name without port, and path, of a normalized absolute URL. */
function partsOf(url: string): { readonly host: string; readonly path: string } {
  const match = /^https?:\/\/(\[[^\]]*\]|[^/:]*)(?::\d+)?(\/.*)$/.exec(url);
  return { host: match?.[1] ?? '', path: match?.[2] ?? '/' };
}
