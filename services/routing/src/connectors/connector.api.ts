import type { z } from 'zod';
import { type ConnectorView, type changeConnector, connectorAggregate, type connectors } from '#libs/contracts';
import { requireActiveGroup } from '../connector-groups/require-active-group.ts';
import { connectorAbsent, tooMany } from '../errors.ts';
import { getEntry, valuesOf } from '../layered-map.ts';
import { MAX_CONNECTORS, MAX_REPLY_BYTES } from '../limits.ts';
import type { PresenceLeases } from '../presence/presence-lease.ts';
import { execute, type RoutingContext } from '../routing-context.ts';
import { connectorDecider } from './connector.decide.ts';
import type { ConnectorEntry } from './connectors.projection.ts';

type ChangeRequest = z.infer<typeof changeConnector.request>;

export async function handleConnectorCommand(
  context: RoutingContext,
  leases: PresenceLeases,
  request: ChangeRequest,
): Promise<{ connector: ConnectorView }> {
  const { command } = request;
  if (command.type === 'RegisterConnector') requireRoom(context, command.connectorId);
  if ('connectorGroupId' in command && command.connectorGroupId !== null)
    await requireActiveGroup(context, command.connectorGroupId);
  const { state, revision } = await execute(context, request, {
    type: connectorAggregate,
    id: command.connectorId,
    decider: connectorDecider,
    command,
  });
  if (state.status === 'absent') throw connectorAbsent(command.connectorId);
  return { connector: toConnectorView({ id: command.connectorId, revision, state }, leases) };
}

/** One connector, or all: live ones by name, then the revoked, newest first; revoked ones past MAX_REPLY_BYTES are left out. */
export function queryConnectors(
  context: RoutingContext,
  leases: PresenceLeases,
  request: z.infer<typeof connectors.request>,
): z.infer<typeof connectors.reply> {
  const all = context.readModel.view().connectors;
  if (request.id !== undefined) {
    const one = getEntry(all, request.id);
    return { connectors: one === undefined ? [] : [toConnectorView(one, leases)] };
  }
  const sorted = [...valuesOf(all)].map((entry) => toConnectorView(entry, leases)).sort(byRelevance);
  return { connectors: withinReply(sorted) };
}

export function toConnectorView({ id, revision, state }: ConnectorEntry, leases: PresenceLeases): ConnectorView {
  const isOnline = state.status !== 'revoked' && leases.isOnline(id);
  return { ...state, id, revision, presence: isOnline ? 'online' : 'offline', lastSeenAt: leases.lastSeenAt(id) };
}

function byRelevance(a: ConnectorView, b: ConnectorView): number {
  if ((a.status === 'revoked') !== (b.status === 'revoked')) return a.status === 'revoked' ? 1 : -1;
  if (a.status === 'revoked') return b.revision - a.revision;
  return `${a.name}\0${a.id}` < `${b.name}\0${b.id}` ? -1 : 1;
}

function withinReply(sorted: readonly ConnectorView[]): ConnectorView[] {
  let bytes = 0;
  return sorted.filter((view) => {
    bytes += Buffer.byteLength(JSON.stringify(view));
    return view.status !== 'revoked' || bytes <= MAX_REPLY_BYTES;
  });
}

function requireRoom(context: RoutingContext, connectorId: string): void {
  const { connectors: all } = context.readModel.view();
  if (getEntry(all, connectorId) !== undefined) return;
  const live = [...valuesOf(all)].filter(({ state }) => state.status !== 'revoked');
  if (live.length >= MAX_CONNECTORS)
    throw tooMany('ERR_CONNECTOR_TOO_MANY', 'connectors', MAX_CONNECTORS, 'revoke one that is no longer used');
}
