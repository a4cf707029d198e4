import { METADATA_MAX_STALE_MS, METADATA_TTL_MS, RETRY_MS, UNKNOWN_KEY_REFRESH_MS } from './metadata-store.ts';

type Copy<T> = { readonly value: T; readonly readAtMs: number };
type KnowsKeys = { readonly hasKey: (keyId: string) => boolean };

/**
 * What a provider publishes, by the rules of MetadataStore: one read in flight; a copy past its time serves at once while one read
 * runs behind it, for 24 h at most; an unknown key id waits for one read, every 5 min at most; 1 s between attempts that fail.
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
