/** Milliseconds no session of a provider that fails is refreshed, but for those that have gone unconfirmed for too long. */
export const PROVIDER_PAUSE_MS = 15_000;
/** Sessions that fail in a row before it is the provider's failure, and not theirs. */
export const MAX_FAILURES_IN_A_ROW = 3;

/** What an attempt says of the provider. `session`: it answered, but not this one; `none`: it was not asked, or not for long. */
export type ProviderSign = 'answers' | 'unreachable' | 'session' | 'none';

type Failing = {
  /** Sessions that failed since the last that did not, at most MAX_FAILURES_IN_A_ROW. */
  readonly sessions: Set<string>;
  /** Milliseconds since the epoch; null: too few have failed. */
  pausedUntilMs: number | null;
  /** The one session that asks after a pause, until it is known how that went. */
  probe: string | null;
};

/**
 * Which identity providers are left alone, by issuer: as many as are configured. One that cannot be reached is, at once; one that refuses
 * or answers nonsense when that meets several sessions in a row. After each pause one session tries, and the others wait for its outcome.
 */
export class ProviderPauses {
  readonly #failing = new Map<string, Failing>();

  isPaused(issuer: string, nowMs: number): boolean {
    const failing = this.#failing.get(issuer);
    if (failing === undefined || failing.pausedUntilMs === null) return false;
    return nowMs < failing.pausedUntilMs || failing.probe !== null;
  }

  /** An attempt begins; `settle` must follow, with the same id. */
  begin(issuer: string, sessionId: string): void {
    const failing = this.#failing.get(issuer);
    if (failing !== undefined && failing.pausedUntilMs !== null) failing.probe ??= sessionId;
  }

  settle(issuer: string, sessionId: string, sign: ProviderSign, nowMs: number): void {
    if (sign === 'answers') {
      this.#failing.delete(issuer);
      return;
    }
    const failing = this.#failing.get(issuer) ?? { sessions: new Set(), pausedUntilMs: null, probe: null };
    if (failing.probe === sessionId) failing.probe = null;
    if (sign === 'none') return;
    this.#failing.set(issuer, failing);
    if (sign === 'session' && failing.sessions.size < MAX_FAILURES_IN_A_ROW) failing.sessions.add(sessionId);
    const isProviders = sign === 'unreachable' || failing.sessions.size >= MAX_FAILURES_IN_A_ROW;
    if (isProviders || failing.pausedUntilMs !== null) failing.pausedUntilMs = nowMs + PROVIDER_PAUSE_MS;
  }
}
