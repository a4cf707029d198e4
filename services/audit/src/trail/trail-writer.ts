import { setTimeout as delay } from 'node:timers/promises';
import type { JetStreamClient, JetStreamManager } from '@nats-io/jetstream';
import { trails } from '#libs/contracts';
import type { Commit, EventStore, Subscription } from '#libs/events';
import type { Logger } from '#libs/telemetry';
import { type SecurityEvent, toSecurityEvents } from './security-event.ts';

export const AUDIT_STREAM = 'AUDIT';
const WRONG_LAST_SEQUENCE = 10071;
const FIRST_RETRY_MS = 200;
const LAST_RETRY_MS = 5000;

type Trail = { lastSequence: number; position: number; index: number };

/**
 * Copies every fact from EVENTS to AUDIT, in order, each once. The trail is its own checkpoint: the last event in it says how
 * far it came. Every append expects the last sequence of the stream, so two writers cannot write a fact twice: the slower
 * one meets a conflict, reads the trail again and goes on behind the other. A failing broker stops the copy, never skips.
 */
export class TrailWriter {
  readonly #tenant: string;
  readonly #js: JetStreamClient;
  readonly #jsm: JetStreamManager;
  readonly #store: EventStore;
  readonly #logger: Logger;
  #trail: Trail = { lastSequence: 0, position: 0, index: -1 };
  #subscription: Subscription | undefined;
  #isStopped = false;

  constructor(options: {
    readonly tenant: string;
    readonly js: JetStreamClient;
    readonly jsm: JetStreamManager;
    readonly store: EventStore;
    readonly logger: Logger;
  }) {
    this.#tenant = options.tenant;
    this.#js = options.js;
    this.#jsm = options.jsm;
    this.#store = options.store;
    this.#logger = options.logger;
  }

  async start(): Promise<void> {
    await this.#readTrail();
    this.#follow();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#subscription?.stop();
  }

  /** Position in EVENTS up to which the trail is complete. */
  position(): number {
    return this.#trail.position;
  }

  #follow(): void {
    const subscription = this.#store.follow({
      filters: [{ tenant: this.#tenant }],
      // The commit of the last event again: it may have been copied in part.
      after: Math.max(0, this.#trail.position - 1),
      onCommit: (commit) => this.#copy(commit),
      onError: (error) => this.#followAgain(error),
    });
    subscription.caughtUp.catch(() => undefined);
    this.#subscription = subscription;
  }

  #followAgain(error: unknown): void {
    if (this.#isStopped) return;
    this.#logger.error('audit trail stands still, trying again', { error, position: this.#trail.position });
    void delay(LAST_RETRY_MS).then(() => (this.#isStopped ? undefined : this.#follow()));
  }

  async #copy(commit: Commit): Promise<void> {
    for (const [index, event] of toSecurityEvents(commit).entries()) await this.#append(commit.position, index, event);
  }

  async #append(position: number, index: number, event: SecurityEvent): Promise<void> {
    let waitMs = FIRST_RETRY_MS;
    while (!this.#isStopped) {
      const { trail } = { trail: this.#trail };
      if (position < trail.position || (position === trail.position && index <= trail.index)) return;
      try {
        const ack = await this.#js.publish(trails.audit(this.#tenant, event.category), JSON.stringify(event), {
          msgID: `${this.#tenant}.${event.id}`,
          expect: { lastSequence: trail.lastSequence },
        });
        this.#trail = { lastSequence: ack.seq, position, index };
        return;
      } catch (error) {
        if (isConflict(error)) await this.#readTrail();
        else {
          this.#logger.warn('audit trail append failed, trying again', { error, position, waitMs });
          await delay(waitMs);
          waitMs = Math.min(LAST_RETRY_MS, waitMs * 2);
        }
      }
    }
  }

  async #readTrail(): Promise<void> {
    const { state } = await this.#jsm.streams.info(AUDIT_STREAM);
    const last =
      state.last_seq === 0
        ? null
        : await this.#jsm.direct.getMessage(AUDIT_STREAM, { last_by_subj: trails.audit(this.#tenant, '*') });
    const [position, index] = last ? last.json<SecurityEvent>().id.split('.').map(Number) : [0, -1];
    this.#trail = { lastSequence: state.last_seq, position: position ?? 0, index: index ?? -1 };
  }
}

function isConflict(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === WRONG_LAST_SEQUENCE;
}
