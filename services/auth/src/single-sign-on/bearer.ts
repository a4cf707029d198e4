import type { OriginAuthorization } from '#libs/contracts';
import type { OriginFields } from './origin-fields.ts';
import { type OriginSecrets, unreadableSecret } from './origin-secrets.ts';

/** The same token for everybody (RFC 6750, 2.1). */
export function bearerFields(
  { sealedToken }: Extract<OriginAuthorization, { kind: 'bearer' }>,
  secrets: OriginSecrets,
): OriginFields {
  return {
    fieldsFor: async () => {
      const token = await secrets.open(sealedToken);
      if (token === null) return unreadableSecret('token');
      return { kind: 'fields', fields: ['Authorization', `Bearer ${token}`] };
    },
  };
}
