/** Milliseconds after which the provider's metadata and keys are read again (Microsoft advises one hour). */
export const METADATA_TTL_MS = 3_600_000;
/** Milliseconds a copy serves while the provider does not answer; beyond, sign-ins fail. */
export const METADATA_MAX_STALE_MS = 24 * 3_600_000;
/**
 * Reads that unknown key ids may cause: this many at once, then one each so many milliseconds. Anybody can make up a key id, but whoever
 * causes a read causes it for all: after a change of keys, nobody who is honest waits longer than that.
 */
export const MAX_UNKNOWN_KEY_READS = 4;
export const UNKNOWN_KEY_READ_MS = 20_000;
/** Requests with an unknown key that wait for a read at once; further ones are answered by the copy in hand, and refused. */
export const MAX_WAITING_FOR_KEYS = 1_000;
/** Least milliseconds between attempts while the provider fails. */
export const RETRY_MS = 1_000;

type Copy<T> = { readonly value: T; readonly readAtMs: number };
type KnowsKeys = { readonly hasKey: (keyId: string) => boolean };

/**
 * What a provider publishes: one read in flight; a copy past its time serves at once while one read runs behind it; an unknown key
 * id waits for the read in flight, or causes one within the bounds above. Reads that fail are not counted.
 */
export class KeptMetadata<T extends KnowsKeys> {
  readonly #read: () => Promise<T>;
  readonly #nowMs: () => number;
  #current: Copy<T> | undefined;
  #inFlight: Promise<T> | undefined;
  #attemptedAtMs = Number.NEGATIVE_INFINITY;
  #failure: unknown;
  #readsLeft = MAX_UNKNOWN_KEY_READS;
  #refilledAtMs = 0;
  #waiting = 0;

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
    // The copy in hand still answers (it will not know the key) when the provider does not.
    if (keyId !== undefined && !current.value.hasKey(keyId)) return this.#lookForKey().catch(() => current.value);
    if (ageMs > METADATA_TTL_MS) this.#refresh().catch(() => undefined);
    return current.value;
  }

  async #lookForKey(): Promise<T> {
    if (this.#waiting >= MAX_WAITING_FOR_KEYS) throw new RangeError('too many wait for the keys of the provider');
    this.#waiting += 1;
    try {
      // One that began before the key was published does not have it: the next one does.
      return await (this.#inFlight ?? this.#readForKey());
    } finally {
      this.#waiting -= 1;
    }
  }

  async #readForKey(): Promise<T> {
    const sinceMs = this.#nowMs() - this.#refilledAtMs;
    const refilled = Math.floor(sinceMs / UNKNOWN_KEY_READ_MS);
    if (refilled > 0) {
      this.#readsLeft = Math.min(MAX_UNKNOWN_KEY_READS, this.#readsLeft + refilled);
      this.#refilledAtMs += refilled * UNKNOWN_KEY_READ_MS;
    }
    if (this.#readsLeft < 1) throw new RangeError('too many key ids that nobody published');
    const value = await this.#refresh();
    this.#readsLeft -= 1;
    return value;
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
