import { z } from 'zod';
import type { AggregateType, Fact } from '#libs/events';
import { connectorGroupId } from '../ids.ts';

const registered = z.object({
  name: z.string().min(1).max(120),
  machineName: z.string().max(255),
  version: z.string().max(64),
  /** Public nkey (U...) of the connector's NATS user. */
  userPublicKey: z.string().max(64),
  /** SHA-256 of the certificate, lower case hex. */
  certificateThumbprint: z.string().regex(/^[0-9a-f]{64}$/),
});

/** A connector registered without a group is pending: it may connect but serves nothing until a group is assigned. */
export type ConnectorFact =
  | Fact<'ConnectorRegistered', z.infer<typeof registered>>
  | Fact<'ConnectorAssignedToGroup', { readonly connectorGroupId: z.infer<typeof connectorGroupId> }>
  | Fact<'ConnectorRenamed', { readonly name: string }>
  | Fact<'ConnectorCertificateReplaced', { readonly certificateThumbprint: string }>
  | Fact<'ConnectorRevoked', { readonly reason: string }>;

export const connectorAggregate: AggregateType<ConnectorFact> = {
  context: 'routing',
  thing: 'connector',
  facts: {
    ConnectorRegistered: { version: 1, schema: registered },
    ConnectorAssignedToGroup: { version: 1, schema: z.object({ connectorGroupId }) },
    ConnectorRenamed: { version: 1, schema: registered.pick({ name: true }) },
    ConnectorCertificateReplaced: { version: 1, schema: registered.pick({ certificateThumbprint: true }) },
    ConnectorRevoked: { version: 1, schema: z.object({ reason: z.string().max(400) }) },
  },
};

type Registered = z.infer<typeof registered> & { readonly connectorGroupId: string | null };

export type ConnectorState =
  | { readonly status: 'absent' }
  | ({ readonly status: 'pending' } & Registered)
  | ({ readonly status: 'active' } & Registered)
  | ({ readonly status: 'revoked' } & Registered);

export const initialConnectorState: ConnectorState = { status: 'absent' };

export function evolveConnector(state: ConnectorState, fact: ConnectorFact): ConnectorState {
  if (fact.type === 'ConnectorRegistered') return { status: 'pending', ...fact.data, connectorGroupId: null };
  if (state.status === 'absent') return state;
  switch (fact.type) {
    case 'ConnectorAssignedToGroup':
      return state.status === 'revoked'
        ? state
        : { ...state, status: 'active', connectorGroupId: fact.data.connectorGroupId };
    case 'ConnectorRenamed':
    case 'ConnectorCertificateReplaced':
      return { ...state, ...fact.data };
    case 'ConnectorRevoked':
      return { ...state, status: 'revoked' };
    default:
      return fact satisfies never;
  }
}

/** Transitions only: heartbeats themselves are never stored. A separate aggregate, so that they never conflict with commands. */
export type ConnectorPresenceFact =
  | Fact<'ConnectorCameOnline', { readonly instanceId: string }>
  | Fact<'ConnectorWentOffline', { readonly instanceId: string; readonly reason: 'drained' | 'silent' }>;

export const connectorPresenceAggregate: AggregateType<ConnectorPresenceFact> = {
  context: 'routing',
  thing: 'connector-presence',
  facts: {
    ConnectorCameOnline: { version: 1, schema: z.object({ instanceId: z.string().max(64) }) },
    ConnectorWentOffline: {
      version: 1,
      schema: z.object({ instanceId: z.string().max(64), reason: z.enum(['drained', 'silent']) }),
    },
  },
};

export type ConnectorPresenceState =
  | { readonly status: 'offline' }
  | { readonly status: 'online'; readonly instanceId: string };

export const initialConnectorPresenceState: ConnectorPresenceState = { status: 'offline' };

export function evolveConnectorPresence(
  _state: ConnectorPresenceState,
  fact: ConnectorPresenceFact,
): ConnectorPresenceState {
  switch (fact.type) {
    case 'ConnectorCameOnline':
      return { status: 'online', instanceId: fact.data.instanceId };
    case 'ConnectorWentOffline':
      return { status: 'offline' };
    default:
      return fact satisfies never;
  }
}
