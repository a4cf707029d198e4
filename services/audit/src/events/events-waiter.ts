import { filter, firstValueFrom, of, Subject, take, timeout } from 'rxjs';
import type { EventStore, Subscription } from '#libs/events';
import type { Logger } from '#libs/telemetry';

/** Readers that wait for news at once; one more gets its answer without waiting. */
const MAX_WAITING = 1000;

/** Wakes long-polling readers when the stream grows: one subscription for all of them. */
export class EventsWaiter {
  readonly #positions = new Subject<number>();
  #subscription: Subscription | undefined;
  #waiting = 0;
  #latest = 0;

  async start(store: EventStore, tenant: string, logger: Logger): Promise<void> {
    const after = await store.head();
    this.#latest = after;
    this.#subscription = store.follow({
      filters: [{ tenant }],
      after,
      onCommit: (commit) => {
        this.#latest = commit.position;
        this.#positions.next(commit.position);
      },
      onError: (error) => logger.error('tail ended, readers poll without waiting', { error }),
    });
    this.#subscription.caughtUp.catch(() => undefined);
  }

  /** Resolves when there is a commit behind `after`, or when `waitMs` is over. */
  async waitBehind(after: number, waitMs: number): Promise<void> {
    if (this.#latest > after || waitMs === 0 || this.#waiting >= MAX_WAITING) return;
    this.#waiting += 1;
    const news = this.#positions.pipe(
      filter((position) => position > after),
      take(1),
      timeout({ first: waitMs, with: () => of(after) }),
    );
    await firstValueFrom(news, { defaultValue: after }).finally(() => {
      this.#waiting -= 1;
    });
  }

  async stop(): Promise<void> {
    this.#positions.complete();
    await this.#subscription?.stop();
  }
}
