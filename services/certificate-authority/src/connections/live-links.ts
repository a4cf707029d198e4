/** Links remembered for cutting; the oldest is forgotten first. More than a tenant's leafs. */
export const MAX_LINKS = 10_000;

export type Link = { readonly serverId: string; readonly connectionId: number };

/** The hub connection of each connector that the auth callout let in last. */
export class LiveLinks {
  readonly #links = new Map<string, Link>();

  remember(connectorId: string, link: Link): void {
    this.#links.delete(connectorId);
    this.#links.set(connectorId, link);
    if (this.#links.size <= MAX_LINKS) return;
    const oldest = this.#links.keys().next();
    if (!oldest.done) this.#links.delete(oldest.value);
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
