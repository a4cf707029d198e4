import { RESERVED_PATH } from '#libs/contracts';
import type { Exchange } from '../pipeline/exchange.ts';
import type { ProblemCode } from './problems.ts';

/** Below it each number has its page, on every host of the ingress. */
export const ERRORS_PATH = `${RESERVED_PATH}errors/`;

/** Where a number is explained. */
export function problemAddress(portalOrigin: string, code: ProblemCode): string {
  return `${portalOrigin}${ERRORS_PATH}${code}`;
}

/**
 * The `type` of a problem document (RFC 9457, 3.1.1): where its number is explained. Who asks for a host that is not ours
 * learns nothing about us, and gets a name without an address.
 */
export function problemType(exchange: Exchange, code: ProblemCode): string {
  return isOurs(exchange) ? problemAddress(exchange.services.portalOrigin, code) : `urn:sallyport:problem:${code}`;
}

/** Whether the request named a host of this installation. */
export function isOurs(exchange: Exchange): boolean {
  const { app, hostname, reason, services } = exchange;
  if (app !== undefined || hostname === services.signInHost || hostname === services.portalHost) return true;
  return reason === 'unknown-path' || (hostname !== '' && services.frontDoorHosts.includes(hostname));
}
