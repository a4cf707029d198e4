import {
  CONNECTOR_MAX_PAYLOAD_BYTES,
  CONNECTOR_MAX_SUBSCRIPTIONS,
  type UserClaims,
  type UserTemplate,
} from '#libs/nats-identity';
import { system, tunnel } from './subjects.ts';

/** Where the hub asks whether a user of a tenant account may connect. */
export const authCallout = system.authCallout;

/**
 * Rights of one connector, written out by the auth callout: its own subjects, and the head subject of its group. Without a
 * group it serves nothing. The queue is not part of it: the server does not look at a leaf's queue names, which is why the
 * name is a secret of the group.
 */
export function connectorRights(connector: {
  readonly id: string;
  readonly groupId: string | null;
}): Partial<UserClaims> {
  const { id, groupId } = connector;
  return {
    pub: { allow: [tunnel.fromConnector(id), tunnel.presence(id)] },
    sub: { allow: [tunnel.toConnector(id), ...(groupId === null ? [] : [tunnel.group(groupId)])] },
    subs: CONNECTOR_MAX_SUBSCRIPTIONS,
    data: -1,
    payload: CONNECTOR_MAX_PAYLOAD_BYTES,
  };
}

/**
 * What the scoped key gives every connector's user by itself: its own subjects, no group. `{{name()}}` is the connector's id,
 * filled in by the server.
 */
export const connectorTemplate: UserTemplate = {
  ...connectorRights({ id: '{{name()}}', groupId: null }),
  allowed_connection_types: ['LEAFNODE', 'LEAFNODE_WS'],
};
