import type { NatsConnection } from 'nats';
import type { z } from 'zod';
import { type AppView, appDirectory, apps } from '#libs/contracts';
import { callEndpoint, subscribeFeed } from '#libs/messaging';
import type { Logger } from '#libs/telemetry';
import type { AppDirectory } from './app-directory.ts';

type DirectoryChange = z.infer<typeof appDirectory.message>;

const PAGE_SIZE = 500;
/** Changes kept while a snapshot is being read; past it the snapshot is read again. */
const MAX_WAITING_CHANGES = 2_000;
const RETRY_MIN_MS = 100;
const RETRY_MAX_MS = 5_000;

/**
 * Keeps an AppDirectory current: a snapshot by pages, then changes. A gap in the positions means a lost message: the
 * snapshot is read again while the last good directory keeps serving. Never gives up; waits 100 ms to 5 s between tries.
 */
export class DirectoryFeed {
  readonly #nc: NatsConnection;
  readonly #tenant: string;
  readonly #directory: AppDirectory;
  readonly #logger: Logger;
  readonly #subscription: { stop(): void };
  #position = -1;
  #waiting: DirectoryChange[] = [];
  #isLoading = false;
  #isAgain = false;
  #isStopped = false;
  #retryTimer: NodeJS.Timeout | undefined;
  #onLoaded: () => void = () => {};
  /** Resolves with the first snapshot. */
  readonly whenLoaded: Promise<void>;

  constructor(nc: NatsConnection, directory: AppDirectory, tenant: string, logger: Logger) {
    this.#nc = nc;
    this.#tenant = tenant;
    this.#directory = directory;
    this.#logger = logger.child({ tenant });
    this.whenLoaded = new Promise((resolve) => {
      this.#onLoaded = resolve;
    });
    this.#subscription = subscribeFeed(nc, tenant, appDirectory, (change) => this.#onChange(change), { logger });
    this.reload();
  }

  /** False until the first snapshot: then requests cannot be judged. */
  get isLoaded(): boolean {
    return this.#position >= 0;
  }

  /** Reads the snapshot again, for example after the hub connection came back. */
  reload(): void {
    if (this.#isStopped) return;
    if (this.#isLoading) {
      this.#isAgain = true;
      return;
    }
    this.#isLoading = true;
    clearTimeout(this.#retryTimer);
    this.#load(RETRY_MIN_MS);
  }

  stop(): void {
    this.#isStopped = true;
    clearTimeout(this.#retryTimer);
    this.#subscription.stop();
  }

  #load(retryMs: number): void {
    this.#readSnapshot().then(
      () => this.#finishLoad(),
      (error: unknown) => {
        this.#logger.warn('app directory not read, trying again', { error, retryMs });
        if (this.#isStopped) return;
        this.#retryTimer = setTimeout(() => this.#load(Math.min(retryMs * 2, RETRY_MAX_MS)), retryMs);
      },
    );
  }

  async #readSnapshot(): Promise<void> {
    const views: AppView[] = [];
    let position = Number.POSITIVE_INFINITY;
    let after: string | undefined;
    this.#waiting = [];
    do {
      const request = after === undefined ? { limit: PAGE_SIZE } : { limit: PAGE_SIZE, after };
      const page = await callEndpoint(this.#nc, this.#tenant, apps, request);
      views.push(...page.apps);
      position = Math.min(position, page.position);
      after = page.next ?? undefined;
    } while (after !== undefined);
    this.#directory.replaceAll(views);
    this.#position = position;
  }

  #finishLoad(): void {
    this.#isLoading = false;
    const waiting = this.#waiting;
    this.#waiting = [];
    this.#onLoaded();
    this.#logger.info('app directory read', { apps: this.#directory.size, position: this.#position });
    if (this.#isAgain || waiting.length >= MAX_WAITING_CHANGES) {
      this.#isAgain = false;
      this.reload();
      return;
    }
    for (const change of waiting) this.#onChange(change);
  }

  #onChange(change: DirectoryChange): void {
    if (this.#isLoading) {
      if (this.#waiting.length < MAX_WAITING_CHANGES) this.#waiting.push(change);
      return;
    }
    if (change.previousPosition > this.#position) {
      this.#logger.warn('app directory has a gap', { position: this.#position, previous: change.previousPosition });
      this.reload();
      return;
    }
    if (change.position <= this.#position) return;
    if (change.app) this.#directory.put(change.app);
    this.#position = change.position;
  }
}
