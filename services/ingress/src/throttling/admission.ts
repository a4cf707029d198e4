import type { z } from 'zod';
import { DEFAULT_APP_LIMIT, DEFAULT_TENANT_LIMIT, type shares } from '#libs/contracts';
import { TokenBucket } from './token-bucket.ts';

type Shares = z.infer<typeof shares.message>;

export const TENANT_SCOPE = 'tenant';
/** Scopes with a bucket: apps asked for since the last `forget`. Past it the scope that came first loses its bucket. */
const MAX_SCOPES = 10_000;
const MAX_COUNTS_PER_REPORT = 2_000;
/** Shares below this would let a small limit divided by many ingresses starve an ingress altogether. */
const MIN_REQUESTS_PER_SECOND = 0.1;
/** Shares come every 250 ms; after so long without newer ones whoever sent those is gone. */
const SHARES_SILENCE_MS = 2_000;

export type Refusal = { readonly scope: 'app' | 'tenant'; readonly retryAfterSeconds: number };

export type DemandCount = { readonly scope: string; readonly admitted: number; readonly refused: number };

type Scope = { readonly bucket: TokenBucket; admitted: number; refused: number };

/** Admits requests of one tenant at this ingress: a bucket per app and one of the tenant, rates from the `shares` feed. */
export class Admission {
  readonly #ingressId: string;
  readonly #now: () => number;
  readonly #scopes = new Map<string, Scope>();
  readonly #limits = new Map<string, number>();
  #shares: Shares | undefined;
  #sharesAt = 0;

  /** `now` in milliseconds, monotonic. */
  constructor(ingressId: string, now: () => number) {
    this.#ingressId = ingressId;
    this.#now = now;
  }

  /** Undefined when admitted. A request the tenant's bucket refuses takes nothing from the app's. */
  admit(appId: string): Refusal | undefined {
    const now = this.#now();
    const app = this.#scope(appId, now);
    if (!app.bucket.tryTake(now)) {
      app.refused += 1;
      return { scope: 'app', retryAfterSeconds: app.bucket.retryAfterSeconds() };
    }
    const tenant = this.#scope(TENANT_SCOPE, now);
    if (!tenant.bucket.tryTake(now)) {
      app.bucket.giveBack();
      tenant.refused += 1;
      return { scope: 'tenant', retryAfterSeconds: tenant.bucket.retryAfterSeconds() };
    }
    app.admitted += 1;
    tenant.admitted += 1;
    return undefined;
  }

  /**
   * Takes new shares. An older version than the known one is ignored, unless nothing newer came for 2 s: then throttling began
   * anew, on a clock that stands behind.
   */
  applyShares(next: Shares): void {
    const now = this.#now();
    const isOlder = this.#shares !== undefined && next.version < this.#shares.version;
    if (isOlder && now - this.#sharesAt < SHARES_SILENCE_MS) return;
    this.#shares = next;
    this.#sharesAt = now;
    this.#limits.clear();
    for (const limit of next.limits) this.#limits.set(limit.scope, limit.requestsPerSecond / next.ingresses);
    for (const share of next.shares)
      if (share.ingressId === this.#ingressId) this.#limits.set(share.scope, share.requestsPerSecond);
    for (const [name, scope] of this.#scopes) scope.bucket.setRate(this.#rateOf(name), now);
  }

  /** What was asked since the last call, in reports of at most 2,000 scopes; an idle ingress still reports itself. */
  takeDemand(): DemandCount[][] {
    const reports: DemandCount[][] = [[]];
    for (const [scope, counts] of this.#scopes) {
      if (counts.admitted === 0 && counts.refused === 0) continue;
      let report = reports.at(-1) ?? [];
      if (report.length === MAX_COUNTS_PER_REPORT) {
        report = [];
        reports.push(report);
      }
      report.push({ scope, admitted: counts.admitted, refused: counts.refused });
      counts.admitted = 0;
      counts.refused = 0;
    }
    return reports;
  }

  #scope(name: string, now: number): Scope {
    const known = this.#scopes.get(name);
    if (known) return known;
    if (this.#scopes.size >= MAX_SCOPES) this.#forgetOldest();
    const made = { bucket: new TokenBucket(this.#rateOf(name), now), admitted: 0, refused: 0 };
    this.#scopes.set(name, made);
    return made;
  }

  #forgetOldest(): void {
    for (const name of this.#scopes.keys()) {
      if (name === TENANT_SCOPE) continue;
      this.#scopes.delete(name);
      return;
    }
  }

  #rateOf(scope: string): number {
    const shares = this.#shares;
    if (!shares) return scope === TENANT_SCOPE ? DEFAULT_TENANT_LIMIT : DEFAULT_APP_LIMIT;
    const fallback = (scope === TENANT_SCOPE ? shares.defaults.tenant : shares.defaults.app) / shares.ingresses;
    return Math.max(MIN_REQUESTS_PER_SECOND, this.#limits.get(scope) ?? fallback);
  }
}
