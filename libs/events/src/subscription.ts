import { storeStopped } from './errors.ts';
import type { FollowOptions, Subscription } from './event-store.ts';
import type { Commit } from './fact.ts';

/** Stands between commits: everything that was there at the start has been delivered. */
export const CAUGHT_UP = Symbol('caught up');
export type Delivery = Commit | typeof CAUGHT_UP;

/** Runs a subscription over a source that ends when its signal aborts and throws only for good. */
export function startSubscription(
  source: (signal: AbortSignal) => AsyncIterable<Delivery>,
  options: FollowOptions,
): Subscription {
  const abort = new AbortController();
  const caughtUp = settleable();
  let isCaughtUp = false;
  const run = async () => {
    try {
      for await (const delivery of source(abort.signal)) {
        if (abort.signal.aborted) break;
        if (delivery !== CAUGHT_UP) await options.onCommit(delivery);
        else if (!isCaughtUp) {
          isCaughtUp = true;
          caughtUp.resolve();
          options.onCaughtUp?.();
        }
      }
      caughtUp.reject(storeStopped('the subscription'));
    } catch (error) {
      caughtUp.reject(error);
      if (!abort.signal.aborted) options.onError?.(error);
    }
  };
  const done = run();
  return {
    caughtUp: caughtUp.promise,
    stop: () => {
      abort.abort();
      return done;
    },
  };
}

function settleable(): { promise: Promise<void>; resolve: () => void; reject: (error: unknown) => void } {
  let resolve: () => void = () => undefined;
  let reject: (error: unknown) => void = () => undefined;
  const promise = new Promise<void>((fulfil, refuse) => {
    resolve = fulfil;
    reject = refuse;
  });
  // Who does not ask for `caughtUp` learns of a failure by onError; the rejection alone must not end the process.
  promise.catch(() => undefined);
  return { promise, resolve, reject };
}
