import type { AppView } from '#libs/contracts';
import { type PublishedApp, publishedAppOf } from './published-app.ts';

const NONE: readonly PublishedApp[] = [];

/** The published apps of one tenant in memory, by host and path, and by internal origin for translation. */
export class AppDirectory {
  readonly #tenant: string;
  #byId = new Map<string, PublishedApp>();
  /** Newest revision seen of every app, retired ones included: an older view never replaces a newer one. */
  #revisions = new Map<string, number>();
  #byHost = new Map<string, PublishedApp[]>();
  #byInternalOrigin = new Map<string, PublishedApp[]>();

  constructor(tenant: string) {
    this.#tenant = tenant;
  }

  get size(): number {
    return this.#byId.size;
  }

  /** The apps of a host, longest path first. */
  appsOfHost(hostname: string): readonly PublishedApp[] {
    return this.#byHost.get(hostname) ?? NONE;
  }

  /** The apps whose origin is the given scheme, host and port, longest internal path first. */
  appsOfInternalOrigin(origin: string): readonly PublishedApp[] {
    return this.#byInternalOrigin.get(origin) ?? NONE;
  }

  getApp(appId: string): PublishedApp | undefined {
    return this.#byId.get(appId);
  }

  all(): IterableIterator<PublishedApp> {
    return this.#byId.values();
  }

  replaceAll(views: Iterable<AppView>): void {
    const next = new AppDirectory(this.#tenant);
    for (const view of views) next.put(view);
    this.#byId = next.#byId;
    this.#revisions = next.#revisions;
    this.#byHost = next.#byHost;
    this.#byInternalOrigin = next.#byInternalOrigin;
  }

  /** Takes a new view of an app; a retired one disappears. An older revision than the known one is ignored. */
  put(view: AppView): void {
    if ((this.#revisions.get(view.id) ?? -1) > view.revision) return;
    this.#revisions.set(view.id, view.revision);
    const known = this.#byId.get(view.id);
    if (known) this.#remove(known);
    const app = view.status === 'published' ? publishedAppOf(this.#tenant, view) : undefined;
    if (app) this.#add(app);
  }

  #add(app: PublishedApp): void {
    this.#byId.set(app.view.id, app);
    insertSorted(this.#byHost, app.externalHostname, app, (it) => it.externalPath.length);
    insertSorted(this.#byInternalOrigin, app.internalOrigin, app, (it) => it.internalPath.length);
  }

  #remove(app: PublishedApp): void {
    this.#byId.delete(app.view.id);
    removeFrom(this.#byHost, app.externalHostname, app);
    removeFrom(this.#byInternalOrigin, app.internalOrigin, app);
  }
}

function insertSorted(
  index: Map<string, PublishedApp[]>,
  key: string,
  app: PublishedApp,
  lengthOf: (app: PublishedApp) => number,
): void {
  const list = index.get(key);
  if (!list) index.set(key, [app]);
  else list.splice(list.findIndex((it) => lengthOf(it) < lengthOf(app)) >>> 0, 0, app);
}

function removeFrom(index: Map<string, PublishedApp[]>, key: string, app: PublishedApp): void {
  const rest = (index.get(key) ?? []).filter((it) => it !== app);
  if (rest.length === 0) index.delete(key);
  else index.set(key, rest);
}
