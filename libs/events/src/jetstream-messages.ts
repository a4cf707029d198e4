import type { Consumer, ConsumerMessages, JetStreamClient, JsMsg } from '@nats-io/jetstream';
import { backoffMs, pause } from './backoff.ts';
import { isFinalFailure } from './broker-failure.ts';
import { storeUnavailable } from './errors.ts';
import { READ_AHEAD_COMMITS } from './limits.ts';
import { CAUGHT_UP } from './subscription.ts';

export type MessagesOptions = {
  readonly js: JetStreamClient;
  readonly stream: string;
  readonly subjects: readonly string[];
  readonly after: number;
  readonly signal: AbortSignal;
  /** Failed attempts in a row before giving up. */
  readonly maxFailures: number;
  readonly onInterrupted?: ((error: unknown) => void) | undefined;
};

/**
 * Pulls live this long, in milliseconds. The client looks after its consumer when two heartbeats (half of it) are missing, and
 * waits this long when that fails.
 */
const PULL_EXPIRES_MS = 4_000;

/**
 * Messages of an ordered consumer, from behind a position, without loss or repeat. The client's ordered consumer numbers
 * its deliveries and starts anew behind the last one when a number is missing, the consumer is gone or the link came back;
 * when it gives up itself, a new one is made here. Yields CAUGHT_UP once what was there at the start has been yielded.
 * @throws ERR_EVENTS_UNAVAILABLE when the connection is closed for good, access is denied, or attempts run out
 */
export async function* orderedMessages(options: MessagesOptions): AsyncGenerator<JsMsg | typeof CAUGHT_UP> {
  const { signal } = options;
  let last = options.after;
  let isCaughtUp = false;
  for (let failures = 0; !signal.aborted; ) {
    let consumer: Consumer | undefined;
    let messages: ConsumerMessages | undefined;
    let isStalled = false;
    const stop = () => messages?.stop();
    try {
      consumer = await options.js.consumers.get(options.stream, {
        filter_subjects: [...options.subjects],
        opt_start_seq: last + 1,
      });
      let left = (await consumer.info(true)).num_pending;
      messages = await consumer.consume({ max_messages: READ_AHEAD_COMMITS, expires: PULL_EXPIRES_MS });
      signal.addEventListener('abort', stop);
      if (left === 0 && !isCaughtUp) {
        isCaughtUp = true;
        yield CAUGHT_UP;
      }
      for await (const message of messages) {
        if (signal.aborted) return;
        if (message.seq <= last) continue;
        last = message.seq;
        failures = 0;
        left -= 1;
        const handedAt = performance.now();
        yield message;
        if (left === 0 && !isCaughtUp) {
          isCaughtUp = true;
          yield CAUGHT_UP;
        }
        // While a caller takes its time the client queues one more pull each time it misses heartbeats; run together they
        // would pass the read-ahead bound. So start anew instead.
        isStalled = performance.now() - handedAt > PULL_EXPIRES_MS;
        if (isStalled) break;
      }
      if (!signal.aborted && !isStalled) throw new Error('the consumer ended');
    } catch (error) {
      if (signal.aborted) return;
      failures += 1;
      if (isFinalFailure(error) || failures >= options.maxFailures)
        throw storeUnavailable(`reading ${options.stream}`, error);
      options.onInterrupted?.(error);
      await pause(backoffMs(failures - 1), signal);
    } finally {
      signal.removeEventListener('abort', stop);
      stop();
      // Not waited for: the server removes an idle consumer by itself after 5 minutes.
      consumer?.delete().catch(() => undefined);
    }
  }
}
