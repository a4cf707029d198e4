import type { NatsConnection } from 'nats';
import { isSallyportError } from '#libs/errors';
import type { Logger } from '#libs/telemetry';

/** A hub that restarts is waited for, as requests to apps are (libs/tunnel-protocol/PROTOCOL.md, Hold). */
const HOLD_MS = 10_000;
/** Services come back a moment after the hub. */
const RETRY_MS = 100;

/** What the ingress knows of its link to the hub. */
export type HubLink = {
  readonly isConnected: boolean;
  /** Asks a service; while the hub is away, and for as long as its services come back, for up to 10 s again. */
  ask<Reply>(question: () => Promise<Reply>): Promise<Reply>;
};

/** `onBack`: changes and revocations went unheard meanwhile. */
export function watchHub(backbone: NatsConnection, onBack: () => void, logger: Logger): HubLink {
  let isConnected = true;
  let lastAwayAtMs = Number.NEGATIVE_INFINITY;
  let waiting: (() => void)[] = [];
  const run = async () => {
    for await (const status of backbone.status()) {
      if (status.type !== 'disconnect' && status.type !== 'reconnect') continue;
      isConnected = status.type === 'reconnect';
      lastAwayAtMs = performance.now();
      if (!isConnected) continue;
      onBack();
      const woken = waiting;
      waiting = [];
      for (const wake of woken) wake();
    }
  };
  run().catch((error: unknown) => logger.error('hub watch ended', { error }));
  const untilBack = (limitMs: number) =>
    new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, limitMs);
      waiting.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  const isReturning = () => !isConnected || performance.now() - lastAwayAtMs < HOLD_MS;
  return {
    get isConnected() {
      return isConnected;
    },
    ask: async (question) => {
      const deadlineMs = performance.now() + HOLD_MS;
      for (;;) {
        if (!isConnected) await untilBack(Math.max(0, deadlineMs - performance.now()));
        try {
          return await question();
        } catch (error) {
          const isWorthIt = isSallyportError(error) && error.retryable && isReturning();
          if (!isWorthIt || performance.now() + RETRY_MS >= deadlineMs) throw error;
          await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
        }
      }
    },
  };
}
