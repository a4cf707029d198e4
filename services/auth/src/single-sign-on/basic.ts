import type { OriginAuthorization } from '#libs/contracts';
import type { OriginFields } from './origin-fields.ts';
import { type OriginSecrets, unreadableSecret } from './origin-secrets.ts';

/** The same user name and password for everybody (RFC 7617, UTF-8). */
export function basicFields(
  { username, sealedPassword }: Extract<OriginAuthorization, { kind: 'basic' }>,
  secrets: OriginSecrets,
): OriginFields {
  return {
    fieldsFor: async () => {
      const password = await secrets.open(sealedPassword);
      if (password === null) return unreadableSecret('password');
      const credentials = Buffer.from(`${username}:${password}`, 'utf8').toString('base64');
      return { kind: 'fields', fields: ['Authorization', `Basic ${credentials}`] };
    },
  };
}
