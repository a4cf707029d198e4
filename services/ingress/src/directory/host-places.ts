import { holdsPath } from '#libs/contracts';
import { lenientPathOf } from '../listener/lenient-path.ts';
import { PathIndex } from './path-index.ts';
import type { PublishedApp } from './published-app.ts';

/** The apps of one host, found by path. */
export class HostPlaces {
  readonly #byLenientPath = new PathIndex<PublishedApp>();
  #only: PublishedApp | undefined;
  #count = 0;
  #all: readonly PublishedApp[] | undefined;

  get isEmpty(): boolean {
    return this.#count === 0;
  }

  add(app: PublishedApp): void {
    this.#byLenientPath.add(app.lenientPath, app);
    this.#count += 1;
    this.#recount();
  }

  remove(app: PublishedApp): void {
    this.#byLenientPath.remove(app.lenientPath, app);
    this.#count -= 1;
    this.#recount();
  }

  /** Longest path first. */
  all(): readonly PublishedApp[] {
    this.#all ??= this.#byLenientPath.values();
    return this.#all;
  }

  /**
   * The app with the longest path, by whole segments. `path` is as written, `matchPath` with its escaped and repeated
   * slashes read. Where several apps share the host, a path is looked up as a lenient origin would read it; when as
   * written it belongs elsewhere (`//admin`, `/%2Fadmin`, `/Admin`, `/admin;x`), no app gets it, so that no spelling leads
   * around an app's own rules. The only app of a host has nothing to lead around.
   */
  find(path: string, matchPath: string): PublishedApp | undefined {
    const only = this.#only;
    if (only !== undefined) return holdsPath(only.externalPath, matchPath) ? only : undefined;
    const read = lenientPathOf(matchPath);
    const found = read === undefined ? undefined : this.#byLenientPath.find(read);
    if (found === undefined) return undefined;
    for (const app of found) if (holdsPath(app.externalPath, path)) return app;
    return undefined;
  }

  #recount(): void {
    this.#all = undefined;
    this.#only = this.#count === 1 ? this.all()[0] : undefined;
  }
}
