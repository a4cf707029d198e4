import { type ConnectorState, connectorAggregate, evolveConnector, initialConnectorState } from '#libs/contracts';
import { type Commit, factsOf } from '#libs/events';
import { emptyMap, getEntry, type LayeredMap, withEntry } from '../layered-map.ts';

/** A connector as its facts tell it; presence is added from the leases. */
export type ConnectorEntry = {
  readonly id: string;
  readonly revision: number;
  readonly state: Exclude<ConnectorState, { status: 'absent' }>;
};
export type Connectors = LayeredMap<ConnectorEntry>;

export const noConnectors: Connectors = emptyMap();

export function projectConnectors(connectors: Connectors, commit: Commit): Connectors {
  const facts = factsOf(connectorAggregate, commit);
  if (facts.length === 0) return connectors;
  const before: ConnectorState = getEntry(connectors, commit.id)?.state ?? initialConnectorState;
  const state = facts.reduce(evolveConnector, before);
  if (state.status === 'absent') return connectors;
  return withEntry(connectors, commit.id, { id: commit.id, revision: commit.position, state });
}
