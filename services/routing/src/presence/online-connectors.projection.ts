import {
  type ConnectorPresenceState,
  connectorPresenceAggregate,
  evolveConnectorPresence,
  initialConnectorPresenceState,
} from '#libs/contracts';
import { type Commit, factsOf } from '#libs/events';
import { emptyMap, getEntry, type LayeredMap, withEntry } from '../layered-map.ts';

export type OnlineConnector = { readonly id: string; readonly state: ConnectorPresenceState };

/** What the facts say of presence: where leases start from after a restart of this service. */
export type OnlineConnectors = LayeredMap<OnlineConnector>;

export const noOnlineConnectors: OnlineConnectors = emptyMap();

export function projectOnlineConnectors(online: OnlineConnectors, commit: Commit): OnlineConnectors {
  const facts = factsOf(connectorPresenceAggregate, commit);
  if (facts.length === 0) return online;
  const before = getEntry(online, commit.id)?.state ?? initialConnectorPresenceState;
  return withEntry(online, commit.id, { id: commit.id, state: facts.reduce(evolveConnectorPresence, before) });
}
