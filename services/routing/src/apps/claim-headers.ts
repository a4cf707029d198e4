import { type ClaimHeader, MAX_CLAIM_HEADERS } from '#libs/contracts';
import { NOT_FORWARDED } from '#libs/http1';
import { refuseValue } from '../errors.ts';

const HEADER_NAME = /^[A-Za-z0-9][A-Za-z0-9-]{0,63}$/;
const CLAIM = /^[\x21-\x7e]{1,128}$/;

/** Names that the ingress keeps from origins or sets itself, and those that say what the request is. */
const NOT_FROM_CLAIMS: ReadonlySet<string> = new Set([
  ...NOT_FORWARDED,
  'content-type',
  'content-encoding',
  'set-cookie',
  'authorization',
  'range',
  'date',
  'origin',
  'referer',
  'destination',
  'accept-encoding',
]);
const NOT_FROM_CLAIMS_PREFIX = /^(x-sallyport|x-forwarded|proxy-|sec-|if-)/;

/** Headers from claims under names that nothing else depends on. Error: ERR_APP_SETTING. */
export function normalizeClaimHeaders(headers: readonly ClaimHeader[]): ClaimHeader[] {
  if (headers.length > MAX_CLAIM_HEADERS)
    throw refuse(
      'singleSignOn.claimHeaders',
      headers.length,
      'are too many headers',
      `expected at most ${MAX_CLAIM_HEADERS}`,
    );
  const seen = new Set<string>();
  return headers.map(({ header, claim }) => {
    const lower = header.toLowerCase();
    const name = (why: string, remedy: string) => refuse('singleSignOn.claimHeaders.header', header, why, remedy);
    if (!HEADER_NAME.test(header))
      throw name('is no name for a header', 'expected 1 to 64 letters, digits and dashes, such as X-Department');
    if (lower === 'authorization')
      throw name('does not come from a claim', 'use singleSignOn.authorization, or another header');
    if (NOT_FROM_CLAIMS.has(lower) || NOT_FROM_CLAIMS_PREFIX.test(lower))
      throw name('is not for claims: Sallyport or HTTP itself sets it', 'expected another name, such as X-Department');
    if (seen.has(lower)) throw name('stands twice', 'give each header once');
    seen.add(lower);
    if (!CLAIM.test(claim))
      throw refuse(
        'singleSignOn.claimHeaders.claim',
        claim,
        'is no name of a claim',
        'expected username, email, groups or the like',
      );
    return { header, claim };
  });
}

function refuse(field: string, value: string | number, why: string, remedy: string): Error {
  return refuseValue('ERR_APP_SETTING', { field, value, why, remedy });
}
