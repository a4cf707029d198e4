import { isIP } from 'node:net';
import { rootCertificates } from 'node:tls';
import { LRUCache } from 'lru-cache';
import { buildConnector, Pool } from 'undici';
import { forbidden, isForbiddenAddress, lookupOrigin } from './forbidden-addresses.ts';
import type { OriginTarget } from './origin-rules.ts';

/** Connections to one origin; further calls wait in the pool, bounded by the connector's cap of concurrent requests. */
export const MAX_CONNECTIONS_PER_ORIGIN = 256;
/** Origins with open connections; the least recently used one is closed once its calls have ended. */
export const MAX_ORIGINS = 200;
export const CONNECT_TIMEOUT_MS = 10_000;
/** Idle connections are closed after this long, or earlier when the origin says so. Below the 5 s of many servers. */
export const KEEP_ALIVE_MS = 4_000;
export const MAX_KEEP_ALIVE_MS = 60_000;
/** Response head of an origin, bytes: what the tunnel can carry in one field block. More is a bad answer. */
export const MAX_RESPONSE_HEAD_BYTES = 65_535;

export type OriginPools = {
  poolOf(target: OriginTarget): Pool;
  readonly size: number;
  /** Ends every connection at once. Safe to call twice. */
  stop(): Promise<void>;
};

export type OriginPoolsOptions = {
  /** Authorities of origins' certificates besides the system's, PEM. Default none. */
  readonly trust?: readonly string[];
  /** Default MAX_CONNECTIONS_PER_ORIGIN. */
  readonly maxConnections?: number;
  /** Default MAX_ORIGINS. */
  readonly maxOrigins?: number;
  /** Default CONNECT_TIMEOUT_MS. */
  readonly connectTimeoutMs?: number;
};

/** Connections are shared by the apps of one origin that agree on whether its certificate is validated. */
export function createOriginPools(options: OriginPoolsOptions = {}): OriginPools {
  const evicted = new Set<Pool>();
  const pools = new LRUCache<string, Pool>({
    max: options.maxOrigins ?? MAX_ORIGINS,
    dispose: (pool) => {
      evicted.add(pool);
      void pool.close().finally(() => evicted.delete(pool));
    },
  });
  return {
    poolOf: (target) => {
      const key = `${target.validateCertificate ? 'v' : 'u'} ${target.origin}`;
      const known = pools.get(key);
      if (known) return known;
      const pool = createPool(target, options);
      pools.set(key, pool);
      return pool;
    },
    get size() {
      return pools.size;
    },
    stop: async () => {
      const all = [...pools.values(), ...evicted];
      await Promise.all(all.map(async (pool) => pool.destroyed || pool.destroy()));
    },
  };
}

function createPool(target: OriginTarget, options: OriginPoolsOptions): Pool {
  const connector = buildConnector({
    timeout: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
    rejectUnauthorized: target.validateCertificate,
    lookup: lookupOrigin,
    ...(options.trust && options.trust.length > 0 ? { ca: [...rootCertificates, ...options.trust] } : {}),
  });
  // The certificate must name the origin, whatever Host says: undici would take the name from the Host field.
  const name = isIP(target.hostname) === 0 ? { servername: target.hostname } : {};
  return new Pool(target.origin, {
    connections: options.maxConnections ?? MAX_CONNECTIONS_PER_ORIGIN,
    pipelining: 1,
    keepAliveTimeout: KEEP_ALIVE_MS,
    keepAliveMaxTimeout: MAX_KEEP_ALIVE_MS,
    maxHeaderSize: MAX_RESPONSE_HEAD_BYTES,
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: ({ servername: _host, ...rest }, callback) => {
      if (isForbiddenAddress(target.hostname)) callback(forbidden(target.hostname, target.hostname), null);
      else connector({ ...rest, ...name }, callback);
    },
  });
}
