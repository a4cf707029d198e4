import { type ClaimHeader, directoryRolesOf, groupsOf, type Principal } from '#libs/contracts';
import { fieldListText, fieldText } from '#libs/http1';
import type { OriginFields } from './origin-fields.ts';

/** Characters of one header's value. A list that is longer is cut, another value left out. */
export const MAX_CLAIM_HEADER_CHARACTERS = 4096;
/** Characters of all of them together: many origins take 16 KiB of header fields, the signed assertion and other identity included. */
export const MAX_CLAIM_HEADERS_CHARACTERS = 6144;

/** null: unknown, which is never the same as none. */
type ClaimValue = string | readonly string[] | null | undefined;

/** Claims that every provider's adapter fills; any other name is one of `keepClaims`. */
const KNOWN_CLAIMS: Readonly<Record<string, (principal: Principal) => ClaimValue>> = {
  username: ({ username }) => username,
  name: ({ name }) => name,
  email: ({ email }) => email ?? undefined,
  subject: ({ subject }) => subject,
  directoryTenant: ({ directoryTenant }) => directoryTenant,
  groups: groupsOf,
  roles: ({ roles }) => roles,
  directoryRoles: directoryRolesOf,
};

/**
 * Headers from claims of the person: text as it is or as RFC 8187 writes it, lists separated by commas. A claim nobody has sends no
 * header. What is unknown or does not fit is named in X-Sallyport-Truncated, so that no header is not taken for none.
 */
export function claimHeaderFields(headers: readonly ClaimHeader[]): OriginFields {
  return {
    fieldsFor: ({ principal }) => {
      const fields: string[] = [];
      const truncated: string[] = [];
      let left = MAX_CLAIM_HEADERS_CHARACTERS;
      for (const { header, claim } of headers) {
        const { text, isWhole } = readClaim(claimValue(principal, claim), Math.min(left, MAX_CLAIM_HEADER_CHARACTERS));
        if (!isWhole) truncated.push(header.toLowerCase());
        if (text === '') continue;
        left -= text.length;
        fields.push(header, text);
      }
      if (truncated.length > 0) fields.push('X-Sallyport-Truncated', truncated.join(','));
      return { kind: 'fields', fields };
    },
  };
}

function claimValue(principal: Principal, claim: string): ClaimValue {
  if (Object.hasOwn(KNOWN_CLAIMS, claim)) return KNOWN_CLAIMS[claim]?.(principal);
  const { claims = {} } = principal;
  return Object.hasOwn(claims, claim) ? claims[claim] : undefined;
}

function readClaim(value: ClaimValue, maxCharacters: number): { readonly text: string; readonly isWhole: boolean } {
  if (value === undefined) return { text: '', isWhole: true };
  if (value === null) return { text: '', isWhole: false };
  if (typeof value !== 'string') {
    const { text, isCut } = fieldListText(value, maxCharacters);
    return { text, isWhole: !isCut };
  }
  const text = fieldText(value);
  return text.length > maxCharacters ? { text: '', isWhole: false } : { text, isWhole: true };
}
