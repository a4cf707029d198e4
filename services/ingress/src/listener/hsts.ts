import type { Hsts } from '#libs/contracts';

/** Value of Strict-Transport-Security (RFC 6797, 6.1). */
export function hstsValue({ maxAgeSeconds, includeSubDomains }: Hsts): string {
  return includeSubDomains ? `max-age=${maxAgeSeconds}; includeSubDomains` : `max-age=${maxAgeSeconds}`;
}
