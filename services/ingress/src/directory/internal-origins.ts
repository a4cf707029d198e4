import { isWildcardHost } from '#libs/contracts';
import { PathIndex } from './path-index.ts';
import { atHost, type PublishedApp } from './published-app.ts';

const NONE: readonly PublishedApp[] = [];
const ORIGIN = /^(https?:\/\/)([^/:[\]]+)((?::\d+)?)$/;

/** Apps by where they are inside, to translate links to any of them. */
export class InternalOrigins {
  readonly #exact = new Map<string, PathIndex<PublishedApp>>();
  /** By the origin with its first label as `*`, for example `https://*.internal.example`. */
  readonly #patterns = new Map<string, PathIndex<PublishedApp>>();
  #hasPatterns = false;

  add(app: PublishedApp): void {
    const index = this.#indexOf(app);
    if (index === undefined) return;
    const known = index.get(app.internalOrigin) ?? new PathIndex<PublishedApp>();
    known.add(app.internalPath, app);
    index.set(app.internalOrigin, known);
    this.#hasPatterns = this.#patterns.size > 0;
  }

  remove(app: PublishedApp): void {
    const index = this.#indexOf(app);
    const known = index?.get(app.internalOrigin);
    if (index === undefined || known === undefined) return;
    known.remove(app.internalPath, app);
    if (known.isEmpty) index.delete(app.internalOrigin);
    this.#hasPatterns = this.#patterns.size > 0;
  }

  /** Apps behind a scheme, host and port, longest internal path first; wildcard apps as they are for this host. */
  all(origin: string): readonly PublishedApp[] {
    const exact = this.#exact.get(origin);
    if (exact !== undefined) return exact.values();
    return this.#deepest(origin, (index) => index.values()) ?? NONE;
  }

  /** The app whose internal URL holds this path of the origin; the longest internal path wins, by whole segments. */
  find(origin: string, path: string): PublishedApp | undefined {
    const exact = this.#exact.get(origin);
    if (exact !== undefined) return exact.find(path)?.[0];
    return this.#deepest(origin, (index) => index.find(path) ?? NONE)?.[0];
  }

  /** A wildcard app on one internal host (`*` outside only) is many apps inside: nobody can say which a link means. */
  #indexOf(app: PublishedApp): Map<string, PathIndex<PublishedApp>> | undefined {
    if (isWildcardHost(app.internalHostname)) return this.#patterns;
    return app.isPattern ? undefined : this.#exact;
  }

  #deepest(
    origin: string,
    read: (index: PathIndex<PublishedApp>) => readonly PublishedApp[],
  ): readonly PublishedApp[] | undefined {
    if (!this.#hasPatterns) return undefined;
    const [, scheme = '', host = '', port = ''] = ORIGIN.exec(origin) ?? [];
    for (let dot = host.indexOf('.'); dot > 0; dot = host.indexOf('.', dot + 1)) {
      const index = this.#patterns.get(`${scheme}*${host.slice(dot)}${port}`);
      if (index === undefined) continue;
      const labels = host.slice(0, dot);
      return read(index).flatMap((app) => atHost(app, `${labels}${app.externalHostname.slice(1)}`) ?? []);
    }
    return undefined;
  }
}
