import { connectorGroupAggregate, evolveConnectorGroup, initialConnectorGroupState } from '#libs/contracts';
import { groupAbsent } from '../errors.ts';
import { type RoutingContext, requireId } from '../routing-context.ts';

/** Reads the group's facts, not the read model: a group made a moment ago counts. Error: ERR_GROUP_ABSENT. */
export async function requireActiveGroup(context: RoutingContext, connectorGroupId: string): Promise<void> {
  const ref = { tenant: context.tenant, type: connectorGroupAggregate, id: requireId(connectorGroupId) };
  const { facts } = await context.store.load(ref);
  if (facts.reduce(evolveConnectorGroup, initialConnectorGroupState).status !== 'active')
    throw groupAbsent(connectorGroupId);
}
