import type { AppView } from '#libs/contracts';
import { lenientPathOf } from '../listener/lenient-path.ts';

/** A published app with what the request path needs to know, computed once per change. */
export type PublishedApp = {
  readonly tenant: string;
  readonly view: AppView;
  /** For example `https://wiki.example.com:8443`. */
  readonly externalOrigin: string;
  readonly externalHostname: string;
  /** Begins and ends with a slash. */
  readonly externalPath: string;
  /** The external path as lenient origins read it. */
  readonly lenientPath: string;
  readonly internalOrigin: string;
  readonly internalHostname: string;
  /** Begins and ends with a slash. */
  readonly internalPath: string;
};

/** Undefined when a URL cannot be read: such an app is not served. */
export function publishedAppOf(tenant: string, view: AppView): PublishedApp | undefined {
  if (!URL.canParse(view.externalUrl) || !URL.canParse(view.internalUrl)) return undefined;
  const external = new URL(view.externalUrl);
  const internal = new URL(view.internalUrl);
  if (external.protocol !== 'https:' || !/^https?:$/.test(internal.protocol)) return undefined;
  return {
    tenant,
    view,
    externalOrigin: external.origin,
    externalHostname: external.hostname,
    externalPath: folderOf(external.pathname),
    lenientPath: lenientPathOf(folderOf(external.pathname)) ?? folderOf(external.pathname),
    internalOrigin: internal.origin,
    internalHostname: internal.hostname,
    internalPath: folderOf(internal.pathname),
  };
}

function folderOf(path: string): string {
  return path.endsWith('/') ? path : `${path}/`;
}
