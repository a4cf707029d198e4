/** Links remembered for cutting; the oldest is forgotten first. More than a tenant's leafs. */
export const MAX_LINKS = 10_000;

const REPORT_EVERY_MS = 60_000;

export type Link = { readonly serverId: string; readonly connectionId: number };

/** The hub connection of each connector that the auth callout let in last. */
export class LiveLinks {
  readonly #links = new Map<string, Link>();
  readonly #reportedAt = new Map<string, number>();

  remember(connectorId: string, link: Link): void {
    setNewest(this.#links, connectorId, link);
  }

  /** Whether a second connection of this connector is to be reported now: once a minute. */
  shouldReport(connectorId: string, now: number): boolean {
    if (now - (this.#reportedAt.get(connectorId) ?? -Infinity) < REPORT_EVERY_MS) return false;
    setNewest(this.#reportedAt, connectorId, now);
    return true;
  }

  of(connectorId: string): Link | undefined {
    return this.#links.get(connectorId);
  }

  /** Whether a link is known to be one of these connectors' or of none. */
  mayBelongTo(link: Link, connectorIds: ReadonlySet<string>): boolean {
    for (const [id, known] of this.#links)
      if (known.serverId === link.serverId && known.connectionId === link.connectionId) return connectorIds.has(id);
    return true;
  }
}

function setNewest<V>(map: Map<string, V>, key: string, value: V): void {
  map.delete(key);
  map.set(key, value);
  if (map.size <= MAX_LINKS) return;
  const oldest = map.keys().next();
  if (!oldest.done) map.delete(oldest.value);
}
