import { createHash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Opened, Sealer } from './sealer.ts';

/** Opened texts remembered; at the bound the one not asked for longest goes and costs one opening more. */
export const MAX_OPENED_TEXTS = 10_000;

/** Remembers what was opened (key: SHA-256 of purpose and text) until it expires. Failures are not remembered. */
export function cacheOpened(sealer: Sealer, nowMs: () => number = Date.now, max = MAX_OPENED_TEXTS): Sealer {
  const opened = new LRUCache<string, Opened>({ max });
  return {
    seal: (purpose, value, ttlSeconds) => sealer.seal(purpose, value, ttlSeconds),
    open: async (purpose, text) => {
      const key = createHash('sha256').update(`${purpose}\0${text}`).digest('base64url');
      const known = opened.get(key);
      if (known !== undefined && known.expiresAtMs > nowMs()) return known;
      const fresh = await sealer.open(purpose, text);
      if (fresh === null) opened.delete(key);
      else opened.set(key, fresh);
      return fresh;
    },
  };
}
