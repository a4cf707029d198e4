import { randomBytes } from 'node:crypto';
import { z } from 'zod';

/** Characters a subject token may hold (NATS ADR-6 forbids dots, wildcards and white space inside one). */
export const TOKEN_PATTERN = /^[a-z0-9_-]{1,64}$/;

export const token = z.string().regex(TOKEN_PATTERN, 'expected 1 to 64 characters of a-z 0-9 _ -');

export const tenantId = token.brand<'TenantId'>();
export type TenantId = z.infer<typeof tenantId>;
export const appId = token.brand<'AppId'>();
export type AppId = z.infer<typeof appId>;
export const connectorGroupId = token.brand<'ConnectorGroupId'>();
export type ConnectorGroupId = z.infer<typeof connectorGroupId>;
export const connectorId = token.brand<'ConnectorId'>();
export type ConnectorId = z.infer<typeof connectorId>;
export const userSessionId = token.brand<'UserSessionId'>();
export type UserSessionId = z.infer<typeof userSessionId>;
export const decisionId = token.brand<'DecisionId'>();
export type DecisionId = z.infer<typeof decisionId>;
export const requestId = token.brand<'RequestId'>();
export type RequestId = z.infer<typeof requestId>;

export type IdPrefix =
  | 'app'
  | 'grp'
  | 'con'
  | 'ses'
  | 'dec'
  | 'req'
  | 'cmd'
  | 'reg'
  | 'ing'
  | 'tkt'
  | 'bat'
  | 'pol'
  | 'loc'
  | 'stk'
  | 'dev'
  | 'rfr';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';

/** A new random id `<prefix>_<24 characters>`: 120 bits, safe in subjects, paths and headers. */
export function newId(prefix: IdPrefix): string {
  let text = '';
  for (const byte of randomBytes(24)) text += ALPHABET[byte & 31];
  return `${prefix}_${text}`;
}
