import type { z } from 'zod';
import {
  type changeConnectorGroup,
  connectorGroupAggregate,
  type connectorGroups,
  DEFAULT_CONNECTOR_GROUP,
  evolveConnectorGroup,
  initialConnectorGroupState,
  newId,
} from '#libs/contracts';
import { appsOfGroup } from '../apps/app-directory.projection.ts';
import { groupAbsent, tooMany } from '../errors.ts';
import { valuesOf } from '../layered-map.ts';
import { MAX_CONNECTOR_GROUPS } from '../limits.ts';
import { execute, idFromCommand, type RequestContext, type RoutingContext } from '../routing-context.ts';
import { connectorGroupDecider, type DecideConnectorGroupCommand } from './connector-group.decide.ts';
import { type ConnectorGroupView, toConnectorGroupView } from './connector-groups.projection.ts';

type ChangeRequest = z.infer<typeof changeConnectorGroup.request>;

export async function handleConnectorGroupCommand(
  context: RoutingContext,
  request: ChangeRequest,
): Promise<{ group: ConnectorGroupView }> {
  const command = toDecideCommand(context, request);
  if (command.type === 'CreateConnectorGroup') requireRoom(context);
  const { state, revision } = await execute(context, request, {
    type: connectorGroupAggregate,
    id: command.connectorGroupId,
    decider: connectorGroupDecider,
    command,
  });
  const group = toConnectorGroupView(command.connectorGroupId, revision, state);
  if (group === undefined) throw groupAbsent(command.connectorGroupId);
  return { group };
}

/** Active groups first, then retired ones, each by name. */
export function queryConnectorGroups(context: RoutingContext): z.infer<typeof connectorGroups.reply> {
  const order = (group: ConnectorGroupView) => `${group.status === 'active' ? 0 : 1}${group.name}\0${group.id}`;
  const groups = [...valuesOf(context.readModel.view().groups)].sort((a, b) => (order(a) < order(b) ? -1 : 1));
  return { groups: groups.slice(0, 2 * MAX_CONNECTOR_GROUPS) };
}

/** The default group exists from the first start; the attempt is idempotent. */
export async function ensureDefaultConnectorGroup(context: RoutingContext): Promise<void> {
  const ref = { tenant: context.tenant, type: connectorGroupAggregate, id: DEFAULT_CONNECTOR_GROUP };
  const { facts } = await context.store.load(ref);
  if (facts.reduce(evolveConnectorGroup, initialConnectorGroupState).status !== 'absent') return;
  const request: RequestContext = {
    commandId: newId('cmd'),
    correlationId: newId('req'),
    actor: { kind: 'system', id: 'routing' },
  };
  const command = { type: 'CreateConnectorGroup', connectorGroupId: DEFAULT_CONNECTOR_GROUP, name: 'Default' } as const;
  await execute(context, request, {
    type: connectorGroupAggregate,
    id: DEFAULT_CONNECTOR_GROUP,
    decider: connectorGroupDecider,
    command,
  });
  context.logger.info('default connector group created');
}

function toDecideCommand(context: RoutingContext, { command, commandId }: ChangeRequest): DecideConnectorGroupCommand {
  switch (command.type) {
    case 'CreateConnectorGroup':
      return { ...command, connectorGroupId: command.connectorGroupId ?? idFromCommand('grp', commandId) };
    case 'RetireConnectorGroup': {
      const { directory, connectors } = context.readModel.view();
      const members = [...valuesOf(connectors)].filter(
        ({ state }) => state.status === 'active' && state.connectorGroupId === command.connectorGroupId,
      );
      const apps = appsOfGroup(directory, command.connectorGroupId).length;
      return { ...command, usedBy: { apps, connectors: members.length } };
    }
    default:
      return command;
  }
}

function requireRoom(context: RoutingContext): void {
  const active = [...valuesOf(context.readModel.view().groups)].filter(({ status }) => status === 'active');
  if (active.length >= MAX_CONNECTOR_GROUPS)
    throw tooMany('ERR_GROUP_TOO_MANY', 'active connector groups', MAX_CONNECTOR_GROUPS, 'retire one first');
}
