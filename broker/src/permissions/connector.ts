import { CONNECTOR_MAX_PAYLOAD_BYTES, CONNECTOR_MAX_SUBSCRIPTIONS, type UserClaims } from '#libs/nats-identity';
import { system, tunnel } from './subjects.ts';

/** Where the hub asks whether a user of a tenant account may connect. */
export const authCallout = system.authCallout;

/**
 * Rights of one connector, written out by the auth callout: its own subjects, and the head subject of its group in the
 * group's secret queue. Without a group it serves nothing.
 */
export function connectorRights(connector: {
  readonly id: string;
  readonly group: { readonly id: string; readonly queue: string } | null;
}): Partial<UserClaims> {
  const { id, group } = connector;
  return {
    pub: { allow: [tunnel.fromConnector(id), tunnel.presence(id)] },
    sub: { allow: [tunnel.toConnector(id), ...(group ? [`${tunnel.group(group.id)} ${group.queue}`] : [])] },
    subs: CONNECTOR_MAX_SUBSCRIPTIONS,
    data: -1,
    payload: CONNECTOR_MAX_PAYLOAD_BYTES,
  };
}
