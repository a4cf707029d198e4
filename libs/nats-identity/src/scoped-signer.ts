import { newScopedSigner, type SigningKey, type UserPermissionsLimits } from '@nats-io/jwt';
import { type Nkey, nativeSigner } from './nkey.ts';

export type UserTemplate = Partial<UserPermissionsLimits>;

/** Largest message of a connector, bytes: above it the server closes the whole link. The leaf beside it is set lower or equal. */
export const CONNECTOR_MAX_PAYLOAD_BYTES = 262_144;
/** Subscriptions of one connector user at the hub. */
export const CONNECTOR_MAX_SUBSCRIPTIONS = 50;

/** Rights a user of this key gets, kept in the account JWT: a change reaches every user of the scope at once. */
export function scopedSigner(key: Nkey, role: string, template: UserTemplate): SigningKey {
  return newScopedSigner(nativeSigner(key), role, template);
}

/**
 * What every connector's user gets by itself: its own subjects, no group. `{{name()}}` is the connector's id. The auth
 * callout adds the group that routing assigned; without it a connector serves nothing.
 */
export const connectorTemplate: UserTemplate = {
  pub: { allow: ['tun.i.*.{{name()}}.*', 'prs.c.{{name()}}'] },
  sub: { allow: ['tun.c.{{name()}}.>'] },
  subs: CONNECTOR_MAX_SUBSCRIPTIONS,
  data: -1,
  payload: CONNECTOR_MAX_PAYLOAD_BYTES,
  allowed_connection_types: ['LEAFNODE', 'LEAFNODE_WS'],
};
