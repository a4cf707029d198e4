import { type AccessRecord, newId } from '#libs/contracts';
import type { Logger } from '#libs/telemetry';
import type { RecordBudget } from './record-budget.ts';

const BATCH_INTERVAL_MS = 200;
const BATCH_RECORDS = 200;
const MAX_BATCH_RECORDS = 500;
/** Stays below the hub's max_payload of 1 MiB whatever users write into paths and agents. */
const MAX_BATCH_CHARACTERS = 256 * 1024;
const RETRY_MIN_MS = 100;
const RETRY_MAX_MS = 2_000;

type Batch = { readonly batchId: string; readonly records: readonly AccessRecord[] };

export type AccessRecorderOptions = {
  /** Resolves when the batch is stored. */
  readonly store: (batch: Batch) => Promise<unknown>;
  /** Places are given back as records are stored. */
  readonly budget: RecordBudget;
  readonly logger: Logger;
};

/**
 * Collects access records and stores them in batches, one batch at a time, at the latest 200 ms after the first record.
 * A batch that fails is sent again under the same id until it is stored. Nothing is dropped: when no place is left,
 * requests are refused.
 */
export class AccessRecorder {
  readonly #options: AccessRecorderOptions;
  #records: AccessRecord[] = [];
  #inFlight = 0;
  #timer: NodeJS.Timeout | undefined;
  #isSending = false;
  #isFlushing = false;
  #isStopped = false;
  /** Sends the batch that waits to be sent again. */
  #retryNow: (() => void) | undefined;
  #idleWaiters: (() => void)[] = [];

  constructor(options: AccessRecorderOptions) {
    this.#options = options;
  }

  get unstored(): number {
    return this.#records.length + this.#inFlight;
  }

  /** Takes the record of a request that took a place of the budget when it began. */
  record(record: AccessRecord): void {
    this.#records.push(record);
    if (this.#isSending) return;
    if (this.#records.length >= BATCH_RECORDS) this.#send();
    else this.#timer ??= setTimeout(() => this.#send(), this.#isFlushing ? 0 : BATCH_INTERVAL_MS);
  }

  /** Resolves when everything recorded so far is stored. Nothing waits for its turn any longer, nor longer than 100 ms to be sent again. */
  async flush(): Promise<void> {
    this.#isFlushing = true;
    if (!this.#isSending) this.#send();
    else this.#retryNow?.();
    while (this.unstored > 0 && !this.#isStopped)
      await new Promise<void>((resolve) => {
        this.#idleWaiters.push(resolve);
      });
  }

  /** Gives up what is not stored; says how much that was. */
  stop(): void {
    if (this.#isStopped) return;
    this.#isStopped = true;
    clearTimeout(this.#timer);
    this.#wake();
    if (this.unstored > 0) this.#options.logger.error('access records lost', { records: this.unstored });
  }

  #send(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#records.length === 0 || this.#isStopped) {
      this.#wake();
      return;
    }
    this.#isSending = true;
    const records = this.#takeBatch();
    this.#inFlight = records.length;
    this.#store({ batchId: newId('bat'), records }, RETRY_MIN_MS);
  }

  #store(batch: Batch, retryMs: number): void {
    this.#options.store(batch).then(
      () => {
        this.#options.budget.giveBack(this.#inFlight);
        this.#inFlight = 0;
        this.#isSending = false;
        if (this.#isFlushing || this.#records.length >= BATCH_RECORDS) this.#send();
        else if (this.#records.length > 0) this.#timer = setTimeout(() => this.#send(), BATCH_INTERVAL_MS);
        if (this.unstored === 0) this.#wake();
      },
      (error: unknown) => {
        this.#options.logger.warn('access records not stored, trying again', {
          unstored: this.unstored,
          retryMs,
          error,
        });
        if (this.#isStopped) return;
        const nextMs = this.#isFlushing ? RETRY_MIN_MS : Math.min(retryMs * 2, RETRY_MAX_MS);
        const retry = () => {
          clearTimeout(this.#timer);
          this.#timer = undefined;
          this.#retryNow = undefined;
          this.#store(batch, nextMs);
        };
        this.#retryNow = retry;
        this.#timer = setTimeout(retry, this.#isFlushing ? RETRY_MIN_MS : retryMs);
      },
    );
  }

  #takeBatch(): AccessRecord[] {
    let characters = 0;
    let count = 0;
    for (const record of this.#records) {
      characters += record.path.length + 2 * record.userAgent.length + 600;
      if (count === MAX_BATCH_RECORDS || (count > 0 && characters > MAX_BATCH_CHARACTERS)) break;
      count += 1;
    }
    return this.#records.splice(0, count);
  }

  #wake(): void {
    const waiters = this.#idleWaiters;
    this.#idleWaiters = [];
    for (const wake of waiters) wake();
  }
}
