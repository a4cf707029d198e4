/** A breach ends after so long without a refusal. */
export const BREACH_QUIET_MS = 5000;
/** Scopes watched at once; at the bound new breaches wait until one ends, their refusals stand in the access records. */
export const MAX_BREACHES = 1000;

export type Verdict =
  | { readonly kind: 'raised'; readonly scope: string; readonly observedPerSecond: number }
  | { readonly kind: 'ended'; readonly scope: string; readonly refusedRequests: number };

type Breach = { lastRefusalAtMs: number; refused: number };

/** Turns counts of refusals into two verdicts per breach: when it begins and when it is over. */
export class BreachWatch {
  readonly #breaches = new Map<string, Breach>();

  record(scope: string, refused: number, observedPerSecond: number, nowMs: number): Verdict | null {
    if (refused === 0) return null;
    const breach = this.#breaches.get(scope);
    if (breach) {
      breach.lastRefusalAtMs = nowMs;
      breach.refused += refused;
      return null;
    }
    if (this.#breaches.size >= MAX_BREACHES) return null;
    this.#breaches.set(scope, { lastRefusalAtMs: nowMs, refused });
    return { kind: 'raised', scope, observedPerSecond };
  }

  /** A breach recorded before a restart, to be ended here. */
  resume(scope: string, nowMs: number): void {
    if (!this.#breaches.has(scope)) this.#breaches.set(scope, { lastRefusalAtMs: nowMs, refused: 0 });
  }

  ended(nowMs: number): readonly Verdict[] {
    const verdicts: Verdict[] = [];
    for (const [scope, breach] of this.#breaches) {
      if (nowMs - breach.lastRefusalAtMs < BREACH_QUIET_MS) continue;
      this.#breaches.delete(scope);
      verdicts.push({ kind: 'ended', scope, refusedRequests: breach.refused });
    }
    return verdicts;
  }
}
