import type { FieldList } from '#libs/tunnel-protocol';

const AUTHORIZATION = 'authorization';
/** Schemes whose sign-in may go on for the connection (RFC 4559, 6; NTLM over HTTP always does). */
const BOUND_SCHEME = /^\s*(?:ntlm|negotiate)(?:\s|$)/i;

/**
 * Whether the origin may take later requests of the connection for this user's, whoever sends them: such a connection must
 * serve no other call.
 */
export function bindsConnection(fields: FieldList): boolean {
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = fields[i] ?? '';
    if (name.length !== AUTHORIZATION.length || name.toLowerCase() !== AUTHORIZATION) continue;
    if (BOUND_SCHEME.test(fields[i + 1] ?? '')) return true;
  }
  return false;
}
