import { LRUCache } from 'lru-cache';
import { createOpener, READ_BUFFER_BYTES } from './connect-origin.ts';
import { forbidden, isForbiddenAddress } from './forbidden-addresses.ts';
import { failureText } from './origin-failure.ts';
import { OriginGate } from './origin-gate.ts';
import type { LaneApplicant } from './origin-lane.ts';

import type { OriginTarget } from './origin-target.ts';
import { createOriginTrust } from './origin-trust.ts';

/** Connections to one origin, upgraded ones not counted; further calls wait in the pool. */
export const MAX_CONNECTIONS_PER_ORIGIN = 4_096;
/** Calls that wait for a connection to one origin; one more fails with `capacity`. */
export const MAX_WAITING_PER_ORIGIN = 4_096;
/** Origins with open connections; the least recently used one is closed once its calls have ended. */
export const MAX_ORIGINS = 200;
export const CONNECT_TIMEOUT_MS = 10_000;
/** Idle connections are closed after this long, or earlier when the origin says so. Below the 5 s of many servers. */
export const KEEP_ALIVE_MS = 4_000;
export const MAX_KEEP_ALIVE_MS = 60_000;
/** How often idle connections are looked at, milliseconds. */
const SWEEP_MS = 500;

export type OriginPools = {
  /** Calls back with a lane to the target's origin, perhaps before this returns. `isFresh`: no connection used before. */
  acquire(target: OriginTarget, applicant: LaneApplicant, isFresh: boolean): void;
  /** The applicant wants no lane any more. */
  withdraw(target: OriginTarget, applicant: LaneApplicant): void;
  readonly size: number;
  /** Ends every connection at once. Safe to call twice. */
  stop(): Promise<void>;
};

export type OriginPoolsOptions = {
  /** Authorities of origins' certificates besides the system's, PEM. Default none. */
  readonly trust?: readonly string[];
  /** Folder of client certificates, `<name>.crt` with `<name>.key`. Default none. */
  readonly secretsFolder?: string;
  /** Default MAX_CONNECTIONS_PER_ORIGIN. */
  readonly maxConnections?: number;
  /** Default MAX_WAITING_PER_ORIGIN. */
  readonly maxWaiting?: number;
  /** Default MAX_ORIGINS. */
  readonly maxOrigins?: number;
  /** Default CONNECT_TIMEOUT_MS. */
  readonly connectTimeoutMs?: number;
  /** Default KEEP_ALIVE_MS. */
  readonly idleMs?: number;
};

/** Connections are shared by the apps of one origin that agree on how it is reached (`OriginTarget.poolKey`). */
export function createOriginPools(options: OriginPoolsOptions = {}): OriginPools {
  const evicted = new Set<OriginGate>();
  const trust = createOriginTrust({ authorities: options.trust ?? [], secretsFolder: options.secretsFolder });
  const readBuffer = Buffer.allocUnsafeSlow(READ_BUFFER_BYTES);
  const gates = new LRUCache<string, OriginGate>({
    max: options.maxOrigins ?? MAX_ORIGINS,
    dispose: (gate) => {
      evicted.add(gate);
      gate.close();
    },
  });
  const sweeper = setInterval(() => {
    const nowMs = Date.now();
    for (const gate of gates.values()) gate.sweep(nowMs);
  }, SWEEP_MS);
  sweeper.unref();
  const create = (target: OriginTarget): OriginGate => {
    const gate: OriginGate = new OriginGate({
      target,
      opener: createOpener(target, readBuffer, trust),
      maxConnections: options.maxConnections ?? MAX_CONNECTIONS_PER_ORIGIN,
      maxWaiting: options.maxWaiting ?? MAX_WAITING_PER_ORIGIN,
      connectTimeoutMs: options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
      idleMs: options.idleMs ?? KEEP_ALIVE_MS,
      maxIdleMs: MAX_KEEP_ALIVE_MS,
      onEmpty: () => evicted.delete(gate),
    });
    gates.set(target.poolKey, gate);
    return gate;
  };
  return {
    acquire: (target, applicant, isFresh) => {
      const known = gates.get(target.poolKey);
      if (known !== undefined) known.acquire(applicant, isFresh);
      else if (isForbiddenAddress(target.hostname))
        applicant.onNoLane('origin-unreachable', failureText(forbidden(target.hostname, target.hostname)));
      else create(target).acquire(applicant, isFresh);
    },
    withdraw: (target, applicant) => {
      gates.peek(target.poolKey)?.withdraw(applicant);
      for (const gate of evicted) gate.withdraw(applicant);
    },
    get size() {
      return gates.size;
    },
    stop: () => {
      clearInterval(sweeper);
      for (const gate of [...gates.values(), ...evicted]) gate.destroy();
      return Promise.resolve();
    },
  };
}
