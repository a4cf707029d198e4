import type { z } from 'zod';
import {
  type ConnectorGroupState,
  connectorGroupAggregate,
  type connectorGroupView,
  evolveConnectorGroup,
  initialConnectorGroupState,
} from '#libs/contracts';
import { type Commit, factsOf } from '#libs/events';
import { emptyMap, getEntry, type LayeredMap, withEntry } from '../layered-map.ts';

export type ConnectorGroupView = z.infer<typeof connectorGroupView>;
export type ConnectorGroups = LayeredMap<ConnectorGroupView>;

export const noConnectorGroups: ConnectorGroups = emptyMap();

export function projectConnectorGroups(groups: ConnectorGroups, commit: Commit): ConnectorGroups {
  const facts = factsOf(connectorGroupAggregate, commit);
  if (facts.length === 0) return groups;
  const before: ConnectorGroupState = getEntry(groups, commit.id) ?? initialConnectorGroupState;
  const view = toConnectorGroupView(commit.id, commit.position, facts.reduce(evolveConnectorGroup, before));
  return view === undefined ? groups : withEntry(groups, commit.id, view);
}

/** Undefined for a group that does not exist. */
export function toConnectorGroupView(
  id: string,
  revision: number,
  state: ConnectorGroupState,
): ConnectorGroupView | undefined {
  return state.status === 'absent' ? undefined : { id, revision, name: state.name, status: state.status };
}
