import {
  type ConnectorPresenceFact,
  type ConnectorPresenceState,
  evolveConnectorPresence,
  initialConnectorPresenceState,
} from '#libs/contracts';
import type { Decider } from '#libs/events';

export type ConnectorPresenceCommand =
  | { readonly type: 'ReportOnline'; readonly instanceId: string }
  | { readonly type: 'ReportOffline'; readonly instanceId: string; readonly reason: 'drained' | 'silent' };

/** Transitions only. An instance that was replaced by another does not take that one offline. */
export function decideConnectorPresence(
  command: ConnectorPresenceCommand,
  state: ConnectorPresenceState,
): readonly ConnectorPresenceFact[] {
  const isCurrent = state.status === 'online' && state.instanceId === command.instanceId;
  switch (command.type) {
    case 'ReportOnline':
      return isCurrent ? [] : [{ type: 'ConnectorCameOnline', data: { instanceId: command.instanceId } }];
    case 'ReportOffline':
      if (!isCurrent) return [];
      return [{ type: 'ConnectorWentOffline', data: { instanceId: command.instanceId, reason: command.reason } }];
    default:
      return command satisfies never;
  }
}

export const connectorPresenceDecider: Decider<
  ConnectorPresenceCommand,
  ConnectorPresenceFact,
  ConnectorPresenceState
> = {
  initialState: initialConnectorPresenceState,
  evolve: evolveConnectorPresence,
  decide: decideConnectorPresence,
};
