import type { BodyConsumer, FailureReason, FieldList } from '#libs/tunnel-protocol';
import type { BodyPlan } from '../translation/body-plan.ts';
import { type BodyTranslation, startBodyTranslation } from '../translation/body-translation.ts';
import { LinkMap } from '../translation/rewrite-urls.ts';
import type { Exchange } from './exchange.ts';

/** Where bytes come from, and can be made to wait. */
export type PausableSource = { pause(): void; resume(): void };

/** What becomes of a translated body. */
export type TranslatedBodyEvents = {
  onTranslated(chunk: Uint8Array): void;
  onTranslatedEnd(): void;
  /** The origin's bytes are not what its head said: fewer or more, or broken. */
  onUntranslatable(): void;
};

/** Stands between the channel and the user for bodies whose links are translated; passes back-pressure both ways. */
export class TranslatedBody implements BodyConsumer, PausableSource {
  readonly #source: PausableSource;
  readonly #events: TranslatedBodyEvents;
  readonly #translation: BodyTranslation;
  readonly #expectedBytes: number;
  #bytes = 0;

  /** `expectedBytes`: what the origin announced, -1 when it did not. */
  constructor(
    exchange: Exchange,
    plan: BodyPlan,
    expectedBytes: number,
    source: PausableSource,
    events: TranslatedBodyEvents,
  ) {
    const { app } = exchange;
    if (!app) throw new Error('only bodies of apps are translated');
    this.#source = source;
    this.#events = events;
    this.#expectedBytes = expectedBytes;
    this.#translation = startBodyTranslation(plan, new LinkMap(app, exchange.tenant.directory), {
      onData: (chunk) => events.onTranslated(chunk),
      onDrain: () => source.resume(),
      onEnd: () => events.onTranslatedEnd(),
      onError: () => events.onUntranslatable(),
    });
  }

  onData(chunk: Uint8Array): void {
    this.#bytes += chunk.length;
    if (this.#expectedBytes >= 0 && this.#bytes > this.#expectedBytes) this.#events.onUntranslatable();
    else if (!this.#translation.write(chunk)) this.#source.pause();
  }

  onEnd(_trailers: FieldList): void {
    if (this.#expectedBytes >= 0 && this.#bytes !== this.#expectedBytes) this.#events.onUntranslatable();
    else this.#translation.end();
  }

  onAbort(_reason: FailureReason): void {
    this.destroy();
  }

  pause(): void {
    this.#translation.pause();
  }

  resume(): void {
    this.#translation.resume();
  }

  destroy(): void {
    this.#translation.destroy();
  }
}
