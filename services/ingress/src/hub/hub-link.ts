import type { NatsConnection } from 'nats';
import { isSallyportError } from '#libs/errors';
import type { Logger } from '#libs/telemetry';
import type { HubPulse } from './hub-pulse.ts';

/** A hub that restarts is waited for, as requests to apps are (libs/tunnel-protocol/PROTOCOL.md, Hold). */
const HOLD_MS = 10_000;
/** Services come back a moment after the hub. */
const RETRY_MS = 100;

/** What the ingress knows of its link to the hub. */
export type HubLink = {
  /** False also while the hub is silent on a link that stands. */
  readonly isConnected: boolean;
  /**
   * Asks a service; while the hub is away, and for as long as its services come back, for up to 10 s again. A question that was
   * under way when the link was lost is asked again as soon as there is another, so it must be one that may be asked twice.
   */
  ask<Reply>(question: () => Promise<Reply>): Promise<Reply>;
};

export type HubLinkOptions = {
  readonly pulse: Pick<HubPulse, 'isSilent' | 'onChange'>;
  /** Changes and revocations went unheard meanwhile. Not called when the hub was only silent: they came late then. */
  readonly onBack: () => void;
  readonly logger: Logger;
};

export function watchHub(backbone: NatsConnection, { pulse, onBack, logger }: HubLinkOptions): HubLink {
  let hasLink = true;
  let lastAwayAtMs = Number.NEGATIVE_INFINITY;
  let waiting: (() => void)[] = [];
  /** Questions on their way. */
  const asked = new Set<() => void>();
  const isConnected = () => hasLink && !pulse.isSilent;
  const wakeAll = () => {
    lastAwayAtMs = performance.now();
    if (!isConnected()) return;
    const woken = waiting;
    waiting = [];
    for (const wake of woken) wake();
  };
  pulse.onChange(wakeAll);
  const run = async () => {
    for await (const status of backbone.status()) {
      if (status.type !== 'disconnect' && status.type !== 'reconnect') continue;
      hasLink = status.type === 'reconnect';
      if (hasLink) onBack();
      else for (const lose of asked) lose();
      wakeAll();
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
  /** Undefined: its link was lost, and with it the question or the answer. The client would wait for its deadline. */
  const orLost = async <Reply>(question: () => Promise<Reply>): Promise<{ readonly reply: Reply } | undefined> => {
    let lose: () => void = () => undefined;
    const lost = new Promise<undefined>((resolve) => {
      lose = () => resolve(undefined);
    });
    asked.add(lose);
    try {
      return await Promise.race([question().then((reply) => ({ reply })), lost]);
    } finally {
      asked.delete(lose);
    }
  };
  const isReturning = () => !isConnected() || performance.now() - lastAwayAtMs < HOLD_MS;
  return {
    get isConnected() {
      return isConnected();
    },
    ask: async (question) => {
      const deadlineMs = performance.now() + HOLD_MS;
      for (;;) {
        if (!isConnected()) await untilBack(Math.max(0, deadlineMs - performance.now()));
        try {
          const isLast = performance.now() >= deadlineMs;
          const answer = isLast ? { reply: await question() } : await orLost(question);
          if (answer !== undefined) return answer.reply;
        } catch (error) {
          const isWorthIt = isSallyportError(error) && error.retryable && isReturning();
          if (!isWorthIt || performance.now() + RETRY_MS >= deadlineMs) throw error;
          await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
        }
      }
    },
  };
}
