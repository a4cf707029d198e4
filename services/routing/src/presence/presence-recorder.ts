import { setTimeout as delay } from 'node:timers/promises';
import type { Logger } from '#libs/telemetry';
import type { PresenceTransition } from './presence-lease.ts';

export type PresenceRecorder = {
  /** Records the latest transition of a connector; one that comes while another is written takes its turn. */
  record(transition: PresenceTransition): void;
  /** Waits for what is being written and gives up what is being retried. Safe to call twice. */
  stop(): Promise<void>;
};

/** Pause between attempts while the event store does not answer. Attempts themselves have no maximum: the last state wins. */
const RETRY_PAUSE_MS = 1_000;

/**
 * Turns transitions into facts, in order per connector. Only the newest unwritten transition of a connector is kept, so
 * that a store that is away costs one entry per connector, no queue.
 */
export function createPresenceRecorder(options: {
  readonly write: (transition: PresenceTransition) => Promise<void>;
  readonly logger: Logger;
  readonly retryPauseMs?: number;
}): PresenceRecorder {
  const wanted = new Map<string, PresenceTransition>();
  const writing = new Map<string, Promise<void>>();
  const stopping = new AbortController();

  const writeAll = async (connectorId: string): Promise<void> => {
    for (let next = wanted.get(connectorId); next !== undefined; next = wanted.get(connectorId)) {
      try {
        await options.write(next);
        if (wanted.get(connectorId) === next) wanted.delete(connectorId);
      } catch (error) {
        options.logger.warn('presence not recorded yet', { connectorId, error });
        await pause(options.retryPauseMs ?? RETRY_PAUSE_MS, stopping.signal);
      }
      if (stopping.signal.aborted) break;
    }
    // In the same turn as the last look at `wanted`: a transition that comes later starts a new round.
    writing.delete(connectorId);
  };
  return {
    record: (transition) => {
      if (stopping.signal.aborted) return;
      wanted.set(transition.connectorId, transition);
      if (!writing.has(transition.connectorId)) writing.set(transition.connectorId, writeAll(transition.connectorId));
    },
    stop: async () => {
      stopping.abort();
      await Promise.all(writing.values());
    },
  };
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, { signal });
  } catch {
    // Only the signal ends a delay early; the caller looks at it next.
  }
}
