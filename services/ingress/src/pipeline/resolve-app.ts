import { parseHostHeader } from '../listener/host-header.ts';
import { parseRequestTarget } from '../listener/request-target.ts';
import { isReservedPath } from '../sign-in/answer-reserved-path.ts';
import type { Exchange } from './exchange.ts';

/** What kind of place a request goes to: the column of the pipeline's table. */
export type RouteKind =
  | 'malformed'
  | 'asterisk'
  | 'starting'
  | 'unknown-host'
  | 'unknown-path'
  | 'reserved'
  | 'sign-in-host'
  | 'portal'
  | 'front-door'
  | 'app-oidc'
  | 'app-passthrough';

/** Reads target and host, finds tenant and app. What it refuses stands in `exchange.reason`. */
export function resolveApp(exchange: Exchange): RouteKind {
  const { head, services } = exchange;
  if (head.fault !== undefined) return malformed(exchange, head.fault);
  if (exchange.req.isBroken) return malformed(exchange, 'body-malformed');
  const target = parseRequestTarget(exchange.req.target, services.limits.maxTargetBytes);
  if (typeof target === 'string') return malformed(exchange, target);
  exchange.target = target;
  const host = parseHostHeader(head.host ?? '');
  if (!host) return malformed(exchange, 'host-invalid');
  if (target.authority !== undefined && target.authority.toLowerCase() !== head.host?.toLowerCase())
    return malformed(exchange, 'host-mismatch');
  exchange.hostname = host.hostname;
  exchange.hostAndPort = (head.host ?? '').toLowerCase();
  // The answer would show an origin's view of the request to a script, assertion included (RFC 9110, 9.3.8).
  if (exchange.method === 'TRACE') return malformed(exchange, 'method-trace');
  if (target.path === '*') return exchange.method === 'OPTIONS' ? 'asterisk' : malformed(exchange, 'target-form');
  return routeOfHost(exchange);
}

function routeOfHost(exchange: Exchange): RouteKind {
  const { services, hostname, target } = exchange;
  const isReserved = isReservedPath(target.matchPath);
  if (hostname === services.signInHost) return isReserved ? 'reserved' : 'sign-in-host';
  if (hostname === services.portalHost) return isReserved ? 'reserved' : 'portal';
  let isStarting = false;
  for (const tenant of services.tenants) {
    isStarting ||= !tenant.isDirectoryLoaded();
    const places = tenant.directory.placesOf(hostname);
    if (places === undefined) continue;
    exchange.tenant = tenant;
    exchange.app = places.find(target.path, target.matchPath);
    if (isReserved) return 'reserved';
    if (!exchange.app) return 'unknown-path';
    return exchange.app.view.preauthentication === 'passthrough' ? 'app-passthrough' : 'app-oidc';
  }
  if (services.frontDoorHosts.includes(hostname)) return 'front-door';
  return isStarting ? 'starting' : 'unknown-host';
}

function malformed(exchange: Exchange, reason: string): RouteKind {
  exchange.reason = reason;
  return 'malformed';
}
