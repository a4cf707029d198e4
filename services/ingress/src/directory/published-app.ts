import { type AppAddress, type AppView, addressesOf, concreteAddress, isWildcardHost } from '#libs/contracts';
import { parseUrl } from '#libs/urls';
import { lenientPathOf } from '../listener/lenient-path.ts';

/**
 * A published app at one of its addresses, with what the request path needs to know, computed once per change; at a
 * host of a wildcard app, once per host. All of an app's addresses share `view`.
 */
export type PublishedApp = {
  readonly tenant: string;
  readonly view: AppView;
  /** For example `https://wiki.example.com:8443`. */
  readonly externalOrigin: string;
  /** Begins with `*.` in a pattern, see `isPattern`. */
  readonly externalHostname: string;
  /** Begins and ends with a slash. */
  readonly externalPath: string;
  /** The external path as lenient origins read it. */
  readonly lenientPath: string;
  readonly internalOrigin: string;
  readonly internalHostname: string;
  /** Begins and ends with a slash. */
  readonly internalPath: string;
  /** A wildcard that stands for many hosts. Requests and links only ever get apps that are none. */
  readonly isPattern: boolean;
  /** Lower-case names that single sign-on speaks for: what users send under them never reaches the origin, value or no value. */
  readonly signOnNames: ReadonlySet<string>;
};

/** The app at each of its addresses, the main one first; those that cannot be read are left out. */
export function publishedAppsOf(tenant: string, view: AppView): readonly PublishedApp[] {
  return addressesOf(view).flatMap((address) => publishedAt(tenant, view, address) ?? []);
}

/** A wildcard app as it is for one host that its pattern holds; undefined when the host makes no URL. */
export function atHost(pattern: PublishedApp, hostname: string): PublishedApp | undefined {
  const address = {
    externalUrl: `${pattern.externalOrigin}${pattern.externalPath}`,
    internalUrl: `${pattern.internalOrigin}${pattern.internalPath}`,
  };
  return publishedAt(pattern.tenant, pattern.view, concreteAddress(address, hostname));
}

function publishedAt(tenant: string, view: AppView, address: AppAddress): PublishedApp | undefined {
  const external = parseUrl(address.externalUrl);
  const internal = parseUrl(address.internalUrl);
  if (external === undefined || internal === undefined) return undefined;
  if (external.protocol !== 'https:' || !/^https?:$/.test(internal.protocol)) return undefined;
  const isPattern = isWildcardHost(external.hostname);
  // Such an app has no address inside: it would be asked for the host `*`.
  if (isWildcardHost(internal.hostname) && !isPattern) return undefined;
  const externalPath = folderOf(external.pathname);
  return {
    tenant,
    view,
    externalOrigin: external.origin,
    externalHostname: external.hostname,
    externalPath,
    lenientPath: lenientPathOf(externalPath) ?? externalPath,
    internalOrigin: internal.origin,
    internalHostname: internal.hostname,
    internalPath: folderOf(internal.pathname),
    isPattern,
    signOnNames: signOnNamesOf(view),
  };
}

function signOnNamesOf({ singleSignOn: { claimHeaders, authorization } }: AppView): ReadonlySet<string> {
  const names = claimHeaders.map(({ header }) => header.toLowerCase());
  return new Set(authorization === null ? names : [...names, 'authorization']);
}

function folderOf(path: string): string {
  return path.endsWith('/') ? path : `${path}/`;
}
