import type { AppView } from '#libs/contracts';
import { parseUrl } from '#libs/urls';
import { HostPlaces } from './host-places.ts';
import { InternalOrigins } from './internal-origins.ts';
import { type PublishedApp, publishedAppsOf } from './published-app.ts';
import { WildcardHosts } from './wildcard-hosts.ts';

const NONE: readonly PublishedApp[] = [];

/** What one app put into the indexes, to take it out again. */
type Entry = {
  readonly view: AppView;
  readonly addresses: readonly PublishedApp[];
  /** The wildcard that only the app's segments are published of. */
  readonly closed: string | undefined;
};

/** The published apps of one tenant in memory, by host and path, and by internal origin for translation. */
export class AppDirectory {
  readonly #tenant: string;
  readonly #byId = new Map<string, Entry>();
  /** Newest revision seen of every app, retired ones included: an older view never replaces a newer one. */
  readonly #revisions = new Map<string, number>();
  readonly #hosts = new Map<string, HostPlaces>();
  readonly #wildcards = new WildcardHosts();
  readonly #internal = new InternalOrigins();
  #changes = 0;

  constructor(tenant: string) {
    this.#tenant = tenant;
  }

  /** Grows with every app that comes, changes or goes: what was worked out from the directory is good until then. */
  get changes(): number {
    return this.#changes;
  }

  get size(): number {
    return this.#byId.size;
  }

  /**
   * What a host leads to: the app or apps that name it exactly, else the deepest wildcard. Undefined when nothing does.
   * Without allocation but for the first request to a host of a wildcard app.
   */
  placesOf(hostname: string): HostPlaces | undefined {
    return this.#hosts.get(hostname) ?? this.#wildcards.find(hostname);
  }

  /** The apps of a host, longest path first. */
  appsOfHost(hostname: string): readonly PublishedApp[] {
    return this.placesOf(hostname)?.all() ?? NONE;
  }

  /** The apps whose origin is the given scheme, host and port, longest internal path first. */
  appsOfInternalOrigin(origin: string): readonly PublishedApp[] {
    return this.#internal.all(origin);
  }

  /** The app that a path of an internal origin belongs to. */
  appOfInternalUrl(origin: string, path: string): PublishedApp | undefined {
    return this.#internal.find(origin, path);
  }

  /** The app at its main address, a pattern for a whole wildcard. */
  getApp(appId: string): PublishedApp | undefined {
    return this.#byId.get(appId)?.addresses[0];
  }

  /** Every host that an app names exactly. */
  hosts(): IterableIterator<string> {
    return this.#hosts.keys();
  }

  /** Every app that has an address people can go to, at the first of them: whole wildcards have none. */
  *all(): Generator<PublishedApp> {
    for (const { addresses } of this.#byId.values()) {
      const [first] = addresses;
      if (first !== undefined && !first.isPattern) yield first;
    }
  }

  /** Takes a whole snapshot, also one that goes back in time. Apps that did not change stay as they are, for a small price. */
  replaceAll(views: Iterable<AppView>): void {
    const gone = new Set(this.#revisions.keys());
    for (const view of views) {
      gone.delete(view.id);
      if (this.#revisions.get(view.id) === view.revision) continue;
      this.#revisions.delete(view.id);
      this.put(view);
    }
    for (const id of gone) {
      this.#revisions.delete(id);
      const known = this.#byId.get(id);
      if (known) this.#remove(known);
    }
  }

  /** Takes a new view of an app; a retired one disappears. An older revision than the known one is ignored. */
  put(view: AppView): void {
    if ((this.#revisions.get(view.id) ?? -1) > view.revision) return;
    this.#revisions.set(view.id, view.revision);
    const known = this.#byId.get(view.id);
    if (known) this.#remove(known);
    if (view.status === 'published') this.#add(entryOf(this.#tenant, view));
  }

  #add(entry: Entry): void {
    this.#changes += 1;
    const { view, addresses, closed } = entry;
    if (addresses.length === 0 && closed === undefined) return;
    this.#byId.set(view.id, entry);
    for (const app of addresses) {
      if (app.isPattern) this.#wildcards.add(app);
      else this.#placesAt(app.externalHostname).add(app);
    }
    for (const app of linked(entry)) this.#internal.add(app);
    if (closed !== undefined) this.#wildcards.close(closed);
  }

  #remove(entry: Entry): void {
    this.#changes += 1;
    const { view, addresses, closed } = entry;
    this.#byId.delete(view.id);
    for (const app of addresses) {
      if (app.isPattern) this.#wildcards.remove(app);
      else this.#leave(app);
    }
    for (const app of linked(entry)) this.#internal.remove(app);
    if (closed !== undefined) this.#wildcards.reopen(closed);
  }

  #placesAt(hostname: string): HostPlaces {
    const known = this.#hosts.get(hostname);
    if (known !== undefined) return known;
    const places = new HostPlaces();
    this.#hosts.set(hostname, places);
    return places;
  }

  #leave(app: PublishedApp): void {
    const places = this.#hosts.get(app.externalHostname);
    places?.remove(app);
    if (places?.isEmpty) this.#hosts.delete(app.externalHostname);
  }
}

function entryOf(tenant: string, view: AppView): Entry {
  const addresses = publishedAppsOf(tenant, view);
  const hostname = view.segments === null ? undefined : parseUrl(view.externalUrl)?.hostname;
  return { view, addresses, closed: hostname?.startsWith('*.') ? hostname : undefined };
}

/** Links lead to the main address; segments are different places inside, so each counts. */
function linked({ view, addresses }: Entry): readonly PublishedApp[] {
  return view.segments === null ? addresses.slice(0, 1) : addresses;
}
