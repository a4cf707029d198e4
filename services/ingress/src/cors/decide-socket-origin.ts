import type { CorsRule } from '#libs/contracts';
import { allowsCredentials } from './decide-cors.ts';

export type SocketRequest = {
  /** Normalized path of the target. */
  readonly path: string;
  /** Origin field as it came, empty when absent. */
  readonly origin: string;
  /** Host field as it came. */
  readonly host: string;
};

const DEFAULT_PORT = /:443$/;

/**
 * Whether a WebSocket that a cookie opens may come from the web origin that asks for it (RFC 6455, 10.2): browsers send cookies
 * with handshakes of any site, and CORS does not hold them back. Pure.
 *
 * Allowed is a program that names no origin, for browsers always do; the very origin that was asked; another address of the
 * same app; and what a CORS rule of the app lets read with credentials. `null` is never any of the first three.
 *
 * @param ownOrigins external origins of the app, without those of a whole wildcard
 */
export function allowsSocketFrom(
  rules: readonly CorsRule[],
  request: SocketRequest,
  ownOrigins: Iterable<string>,
): boolean {
  if (request.origin === '') return true;
  const origin = plain(request.origin);
  if (origin === plain(`https://${request.host}`)) return true;
  for (const own of ownOrigins) if (origin === own) return true;
  return allowsCredentials(rules, request.path, request.origin);
}

/** Programs that are no browsers write the default port and capitals. */
function plain(origin: string): string {
  return origin.toLowerCase().replace(DEFAULT_PORT, '');
}
