/** Milliseconds after which the provider's metadata and keys are read again (Microsoft advises one hour). */
export const METADATA_TTL_MS = 3_600_000;
/** Milliseconds a copy serves while the provider does not answer; beyond, sign-ins fail. */
export const METADATA_MAX_STALE_MS = 24 * 3_600_000;
/** Least milliseconds between reads caused by an unknown key id: anybody can send one. */
export const UNKNOWN_KEY_REFRESH_MS = 300_000;
/** Least milliseconds between attempts while the provider fails. */
export const RETRY_MS = 1_000;

type Copy<T> = { readonly value: T; readonly readAtMs: number };
type KnowsKeys = { readonly hasKey: (keyId: string) => boolean };

/**
 * What a provider publishes: one read in flight; a copy past its time serves at once while one read runs behind it; an unknown key
 * id waits for one read, seldom.
 */
export class KeptMetadata<T extends KnowsKeys> {
  readonly #read: () => Promise<T>;
  readonly #nowMs: () => number;
  #current: Copy<T> | undefined;
  #inFlight: Promise<T> | undefined;
  #attemptedAtMs = Number.NEGATIVE_INFINITY;
  #failure: unknown;

  constructor(read: () => Promise<T>, nowMs: () => number = Date.now) {
    this.#read = read;
    this.#nowMs = nowMs;
  }

  /** Fails as the read does, when there is no copy, or none young enough. */
  async get(keyId?: string): Promise<T> {
    const current = this.#current;
    if (current === undefined) return this.#refresh();
    const ageMs = this.#nowMs() - current.readAtMs;
    if (ageMs > METADATA_MAX_STALE_MS) return this.#refresh();
    const sinceAttemptMs = this.#nowMs() - this.#attemptedAtMs;
    if (keyId !== undefined && !current.value.hasKey(keyId) && sinceAttemptMs >= UNKNOWN_KEY_REFRESH_MS) {
      // The copy in hand still answers (it will not know the key) when the provider does not.
      return this.#refresh().catch(() => current.value);
    }
    if (ageMs > METADATA_TTL_MS) this.#refresh().catch(() => undefined);
    return current.value;
  }

  #refresh(): Promise<T> {
    if (this.#inFlight !== undefined) return this.#inFlight;
    if (this.#failure !== undefined && this.#nowMs() - this.#attemptedAtMs < RETRY_MS)
      return Promise.reject(this.#failure);
    this.#attemptedAtMs = this.#nowMs();
    const reading = this.#read()
      .then(
        (value) => {
          this.#failure = undefined;
          this.#current = { value, readAtMs: this.#nowMs() };
          return value;
        },
        (failure: unknown) => {
          this.#failure = failure;
          throw failure;
        },
      )
      .finally(() => {
        this.#inFlight = undefined;
      });
    this.#inFlight = reading;
    return reading;
  }
}
