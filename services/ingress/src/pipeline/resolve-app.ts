import type { PublishedApp } from '../directory/published-app.ts';
import { parseHostHeader } from '../listener/host-header.ts';
import { lenientPathOf } from '../listener/lenient-path.ts';
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
  const target = parseRequestTarget(exchange.req.target, services.limits.maxTargetBytes);
  if (typeof target === 'string') return malformed(exchange, target);
  exchange.target = target;
  const host = parseHostHeader(head.host ?? '');
  if (!host) return malformed(exchange, 'host-invalid');
  if (target.authority !== undefined && target.authority.toLowerCase() !== head.host?.toLowerCase())
    return malformed(exchange, 'host-mismatch');
  exchange.hostname = host.hostname;
  exchange.port = host.port;
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
    const apps = tenant.directory.appsOfHost(hostname);
    if (apps.length === 0) continue;
    exchange.tenant = tenant;
    exchange.app = findByPath(apps, target.path, target.matchPath);
    if (isReserved) return 'reserved';
    if (!exchange.app) return 'unknown-path';
    return exchange.app.view.preauthentication === 'passthrough' ? 'app-passthrough' : 'app-oidc';
  }
  if (services.frontDoorHosts.includes(hostname)) return 'front-door';
  return isStarting ? 'starting' : 'unknown-host';
}

/**
 * The app with the longest path. It is looked up by the path as a lenient origin would read it; when the path as written
 * belongs elsewhere (`//admin`, `/%2Fadmin`, `/Admin`, `/admin;x`), no app gets it, so that no spelling leads around an
 * app's own rules. The only app of a host has nothing to lead around.
 */
function findByPath(apps: readonly PublishedApp[], path: string, matchPath: string): PublishedApp | undefined {
  const read = apps.length === 1 ? matchPath : lenientPathOf(matchPath);
  if (read === undefined) return undefined;
  const pathOf = (app: PublishedApp) => (apps.length === 1 ? app.externalPath : app.lenientPath);
  const found = apps.find((app) => isBelow(pathOf(app), read));
  if (!found || path === read) return found;
  return apps.find((app) => pathOf(app) === pathOf(found) && isBelow(app.externalPath, path));
}

function isBelow(folder: string, path: string): boolean {
  return path.startsWith(folder) || (path.length === folder.length - 1 && folder.startsWith(path));
}

function malformed(exchange: Exchange, reason: string): RouteKind {
  exchange.reason = reason;
  return 'malformed';
}
