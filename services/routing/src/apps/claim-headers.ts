import { type ClaimHeader, MAX_CLAIM_HEADERS } from '#libs/contracts';
import { refuseValue } from '../errors.ts';

const HEADER_NAME = /^[A-Za-z0-9][A-Za-z0-9-]{0,63}$/;
const CLAIM = /^[\x21-\x7e]{1,128}$/;

/** Names that would break the way to the origin, or that the gate itself sets: hop-by-hop, framing, cookies, forwarding, tracing. */
const NOT_FROM_CLAIMS = new Set([
  'host',
  'connection',
  'proxy-connection',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'expect',
  'content-length',
  'content-type',
  'content-encoding',
  'cookie',
  'set-cookie',
  'authorization',
  'range',
  'date',
  'origin',
  'referer',
  'destination',
  'accept-encoding',
  'forwarded',
  'via',
  'traceparent',
  'tracestate',
  'x-request-id',
  'x-real-ip',
  'x-client-ip',
  'x-cluster-client-ip',
  'x-originating-ip',
  'true-client-ip',
  'cf-connecting-ip',
  'x-original-url',
  'x-original-host',
  'x-rewrite-url',
  'x-host',
  'x-ms-proxy',
  'proxy',
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
