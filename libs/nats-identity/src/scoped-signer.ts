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
