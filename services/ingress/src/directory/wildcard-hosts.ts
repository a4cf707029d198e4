import { LRUCache } from 'lru-cache';
import { HostPlaces } from './host-places.ts';
import { atHost, type PublishedApp } from './published-app.ts';

/** Hosts of wildcard apps remembered with what they lead to; past it the least used is worked out again. */
const MAX_REMEMBERED_HOSTS = 10_000;
const NOWHERE = new HostPlaces();

/** The patterns of one suffix: what `*.apps.example.com` leads to. */
type Suffix = { readonly patterns: Set<PublishedApp>; closed: number };

/**
 * Hosts of wildcard apps. The deepest wildcard that holds a host decides alone: when it has no place for the host, because
 * its app is published by segments, nothing leads there, and no shallower wildcard takes over.
 */
export class WildcardHosts {
  /** By what follows `*.`. */
  readonly #suffixes = new Map<string, Suffix>();
  readonly #remembered = new LRUCache<string, HostPlaces>({ max: MAX_REMEMBERED_HOSTS });

  add(pattern: PublishedApp): void {
    this.#suffixOf(pattern.externalHostname).patterns.add(pattern);
    this.#remembered.clear();
  }

  remove(pattern: PublishedApp): void {
    this.#suffixOf(pattern.externalHostname).patterns.delete(pattern);
    this.#forget(pattern.externalHostname);
  }

  /** The app of this wildcard is published by segments: the rest of the wildcard leads nowhere. */
  close(wildcard: string): void {
    this.#suffixOf(wildcard).closed += 1;
    this.#remembered.clear();
  }

  reopen(wildcard: string): void {
    this.#suffixOf(wildcard).closed -= 1;
    this.#forget(wildcard);
  }

  /** What a host leads to that no app names exactly; undefined when no wildcard holds it, or one that is closed. */
  find(hostname: string): HostPlaces | undefined {
    if (this.#suffixes.size === 0) return undefined;
    const known = this.#remembered.get(hostname);
    if (known !== undefined) return known.isEmpty ? undefined : known;
    for (let dot = hostname.indexOf('.'); dot > 0; dot = hostname.indexOf('.', dot + 1)) {
      const suffix = this.#suffixes.get(hostname.slice(dot + 1));
      if (suffix === undefined) continue;
      const places = placesAt(suffix, hostname);
      this.#remembered.set(hostname, places);
      return places.isEmpty ? undefined : places;
    }
    return undefined;
  }

  #suffixOf(wildcard: string): Suffix {
    const key = wildcard.slice(2);
    const known = this.#suffixes.get(key);
    if (known !== undefined) return known;
    const suffix: Suffix = { patterns: new Set(), closed: 0 };
    this.#suffixes.set(key, suffix);
    return suffix;
  }

  #forget(wildcard: string): void {
    const key = wildcard.slice(2);
    const suffix = this.#suffixes.get(key);
    if (suffix?.patterns.size === 0 && suffix.closed === 0) this.#suffixes.delete(key);
    this.#remembered.clear();
  }
}

function placesAt(suffix: Suffix, hostname: string): HostPlaces {
  if (suffix.patterns.size === 0) return NOWHERE;
  const places = new HostPlaces();
  for (const pattern of suffix.patterns) {
    const app = atHost(pattern, hostname);
    if (app !== undefined) places.add(app);
  }
  return places;
}
