import { z } from 'zod';
import type { AggregateType, Fact } from '#libs/events';

/** The id of the group that exists from the start; connectors join it only when an admin names it. */
export const DEFAULT_CONNECTOR_GROUP = 'default';

export type ConnectorGroupFact =
  | Fact<'ConnectorGroupCreated', { readonly name: string }>
  | Fact<'ConnectorGroupRenamed', { readonly name: string }>
  | Fact<'ConnectorGroupRetired', Record<string, never>>;

const name = z.object({ name: z.string().min(1).max(120) });

export const connectorGroupAggregate: AggregateType<ConnectorGroupFact> = {
  context: 'routing',
  thing: 'connector-group',
  facts: {
    ConnectorGroupCreated: { version: 1, schema: name },
    ConnectorGroupRenamed: { version: 1, schema: name },
    ConnectorGroupRetired: { version: 1, schema: z.object({}) },
  },
};

export type ConnectorGroupState =
  | { readonly status: 'absent' }
  | { readonly status: 'active'; readonly name: string }
  | { readonly status: 'retired'; readonly name: string };

export const initialConnectorGroupState: ConnectorGroupState = { status: 'absent' };

export function evolveConnectorGroup(state: ConnectorGroupState, fact: ConnectorGroupFact): ConnectorGroupState {
  switch (fact.type) {
    case 'ConnectorGroupCreated':
      return { status: 'active', name: fact.data.name };
    case 'ConnectorGroupRenamed':
      return state.status === 'absent' ? state : { ...state, name: fact.data.name };
    case 'ConnectorGroupRetired':
      return state.status === 'absent' ? state : { ...state, status: 'retired' };
    default:
      return fact satisfies never;
  }
}
