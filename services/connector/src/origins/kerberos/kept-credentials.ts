import { LRUCache } from 'lru-cache';

/** Users whose credential is kept; at the bound the one not asked for longest goes and costs two KDC requests more. */
export const MAX_KEPT_CREDENTIALS = 1_000;
/**
 * How long one is used at most, seconds, though tickets are good for hours: whoever is disabled in the domain, or loses its
 * groups, is signed in by an old ticket for so long.
 */
export const MAX_KEPT_SECONDS = 600;
/** Not used for so long before its ticket ends, seconds. */
export const KEPT_MARGIN_SECONDS = 60;

export type Credential = { readonly lifetimeSeconds: number };
type Kept<T> = { readonly credential: T; readonly untilMs: number; users: number; isDropped: boolean };

export type KeptCredentials<T extends Credential> = {
  /** Works with the kept credential under this key, or with a new one; those who come meanwhile wait for the same one. */
  use<R>(key: string, acquire: () => Promise<T>, work: (credential: T, keptForMs: number) => Promise<R>): Promise<R>;
  /** The credential is used no more; it is released when nobody works with it. */
  drop(key: string): void;
  readonly size: number;
};

/** Credentials of users, never past the end of their ticket. What failed is not kept. */
export function createKeptCredentials<T extends Credential>(options: {
  readonly nowMs: () => number;
  /** Called once for each, never while somebody works with it. Must not throw. */
  readonly release: (credential: T) => void;
  /** Default MAX_KEPT_CREDENTIALS. */
  readonly max?: number;
}): KeptCredentials<T> {
  const { nowMs, release } = options;
  const running = new Map<string, Promise<Kept<T>>>();
  const releaseIfFree = (kept: Kept<T>) => {
    if (kept.isDropped && kept.users === 0) release(kept.credential);
  };
  const kept = new LRUCache<string, Kept<T>>({
    max: options.max ?? MAX_KEPT_CREDENTIALS,
    dispose: (gone) => {
      gone.isDropped = true;
      releaseIfFree(gone);
    },
  });
  const acquireNew = async (key: string, acquire: () => Promise<T>): Promise<Kept<T>> => {
    const startedAtMs = nowMs();
    const credential = await acquire();
    const seconds = Math.min(MAX_KEPT_SECONDS, credential.lifetimeSeconds - KEPT_MARGIN_SECONDS);
    const made: Kept<T> = { credential, untilMs: startedAtMs + seconds * 1000, users: 0, isDropped: false };
    // Counted before it may be evicted by others that wait.
    made.users += 1;
    if (made.untilMs > nowMs()) kept.set(key, made);
    else made.isDropped = true;
    return made;
  };
  const take = async (key: string, acquire: () => Promise<T>): Promise<Kept<T>> => {
    const known = kept.get(key);
    if (known !== undefined && known.untilMs > nowMs()) {
      known.users += 1;
      return known;
    }
    const underWay = running.get(key);
    if (underWay !== undefined) {
      const made = await underWay;
      if (!made.isDropped) {
        made.users += 1;
        return made;
      }
    }
    const making = acquireNew(key, acquire).finally(() => {
      if (running.get(key) === making) running.delete(key);
    });
    running.set(key, making);
    return making;
  };
  return {
    use: async (key, acquire, work) => {
      const taken = await take(key, acquire);
      try {
        return await work(taken.credential, Math.max(0, taken.untilMs - nowMs()));
      } finally {
        taken.users -= 1;
        releaseIfFree(taken);
      }
    },
    drop: (key) => {
      kept.delete(key);
    },
    get size() {
      return kept.size;
    },
  };
}
