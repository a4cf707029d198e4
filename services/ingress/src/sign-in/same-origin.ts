import type { Exchange } from '../pipeline/exchange.ts';

/**
 * Whether a form of this very host sent the request: `Sec-Fetch-Site` and `Origin` must not say otherwise, and one of them must
 * be there (Fetch Metadata; RFC 6454, 7). Every browser sends `Origin` with a POST.
 */
export function isSameOrigin(exchange: Exchange): boolean {
  const { origin, secFetchSite } = exchange.head;
  if (origin === '' && secFetchSite === '') return false;
  return (
    (secFetchSite === '' || secFetchSite === 'same-origin') &&
    (origin === '' || origin === `https://${exchange.hostAndPort}`)
  );
}
