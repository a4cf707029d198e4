import {
  type ConnectorGroupFact,
  type ConnectorGroupState,
  DEFAULT_CONNECTOR_GROUP,
  evolveConnectorGroup,
  initialConnectorGroupState,
} from '#libs/contracts';
import { SallyportError } from '#libs/errors';
import type { Decider } from '#libs/events';
import { normalizeName } from '../apps/app-settings.ts';
import { groupAbsent } from '../errors.ts';

export type DecideConnectorGroupCommand = { readonly connectorGroupId: string } & (
  | { readonly type: 'CreateConnectorGroup'; readonly name: string }
  | { readonly type: 'RenameConnectorGroup'; readonly name: string }
  | {
      readonly type: 'RetireConnectorGroup';
      /** Published apps and connectors (not revoked) of the group, counted before deciding. */
      readonly usedBy: { readonly apps: number; readonly connectors: number };
    }
);

/** Errors: ERR_GROUP_EXISTS, ERR_GROUP_ABSENT, ERR_GROUP_IN_USE, ERR_GROUP_DEFAULT, ERR_GROUP_NAME. */
export function decideConnectorGroup(
  command: DecideConnectorGroupCommand,
  state: ConnectorGroupState,
): readonly ConnectorGroupFact[] {
  switch (command.type) {
    case 'CreateConnectorGroup':
      requireAbsent(command.connectorGroupId, state);
      return [{ type: 'ConnectorGroupCreated', data: { name: normalizeName(command.name, 'ERR_GROUP_NAME') } }];
    case 'RenameConnectorGroup': {
      const name = normalizeName(command.name, 'ERR_GROUP_NAME');
      if (state.status !== 'active') throw groupAbsent(command.connectorGroupId);
      return name === state.name ? [] : [{ type: 'ConnectorGroupRenamed', data: { name } }];
    }
    case 'RetireConnectorGroup':
      if (state.status === 'retired') return [];
      if (state.status === 'absent') throw groupAbsent(command.connectorGroupId);
      requireUnused(command);
      return [{ type: 'ConnectorGroupRetired', data: {} }];
    default:
      return command satisfies never;
  }
}

export const connectorGroupDecider: Decider<DecideConnectorGroupCommand, ConnectorGroupFact, ConnectorGroupState> = {
  initialState: initialConnectorGroupState,
  evolve: evolveConnectorGroup,
  decide: decideConnectorGroup,
};

function requireAbsent(connectorGroupId: string, state: ConnectorGroupState): void {
  if (state.status === 'absent') return;
  throw new SallyportError(
    'ERR_GROUP_EXISTS',
    `connector group ${JSON.stringify(connectorGroupId)} exists already${state.status === 'retired' ? ' and is retired' : ''}: use another id`,
    { expose: true, details: { connectorGroupId, status: state.status } },
  );
}

function requireUnused(command: Extract<DecideConnectorGroupCommand, { type: 'RetireConnectorGroup' }>): void {
  const { connectorGroupId, usedBy } = command;
  if (connectorGroupId === DEFAULT_CONNECTOR_GROUP)
    throw new SallyportError('ERR_GROUP_DEFAULT', 'the default connector group cannot be retired', { expose: true });
  if (usedBy.apps === 0 && usedBy.connectors === 0) return;
  throw new SallyportError(
    'ERR_GROUP_IN_USE',
    `connector group ${JSON.stringify(connectorGroupId)} serves ${usedBy.apps} apps with ${usedBy.connectors} connectors: move them to another group first`,
    { expose: true, details: { connectorGroupId, apps: usedBy.apps, connectors: usedBy.connectors } },
  );
}
