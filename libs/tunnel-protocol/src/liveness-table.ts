import type { Heartbeat } from './heartbeat.ts';
import { LOST_AFTER_MS } from './limits.ts';

export type Liveness = 'online' | 'draining' | 'lost';

/** What one heartbeat changed. */
export type Observation = 'appeared' | 'returned' | 'restarted' | 'unchanged' | 'ignored';

type Entry = { instanceId: string; seenAtMs: number; isDraining: boolean; isLost: boolean; openChannels: number };

/** Connectors remembered; the longest silent one is forgotten at the bound. */
export const MAX_LIVENESS_ENTRIES = 10_000;

/**
 * Which connectors are alive, by their heartbeats. Pure: instants are arguments, of one monotonic clock. The connector's
 * own clock is not trusted: silence is measured by arrival.
 */
export class LivenessTable {
  readonly #lostAfterMs: number;
  readonly #maxEntries: number;
  readonly #entries = new Map<string, Entry>();

  constructor(lostAfterMs: number = LOST_AFTER_MS, maxEntries: number = MAX_LIVENESS_ENTRIES) {
    this.#lostAfterMs = lostAfterMs;
    this.#maxEntries = maxEntries;
  }

  /** `restarted` means that the channels of the former instance are gone: call `connectorRestarted`. */
  observe(connectorId: string, heartbeat: Heartbeat, nowMs: number): Observation {
    const known = this.#entries.get(connectorId);
    const { instanceId, isDraining, openChannels } = heartbeat;
    this.#entries.delete(connectorId);
    this.#entries.set(connectorId, { instanceId, seenAtMs: nowMs, isDraining, isLost: false, openChannels });
    if (known === undefined) {
      this.#forgetOldest();
      return 'appeared';
    }
    if (known.instanceId !== instanceId) return 'restarted';
    return known.isLost ? 'returned' : 'unchanged';
  }

  /** Connectors that fell silent since the last call: each is named once per silence. */
  lost(nowMs: number): string[] {
    const lost: string[] = [];
    // Entries are in order of arrival: the first recent one ends the search.
    for (const [connectorId, entry] of this.#entries) {
      if (nowMs - entry.seenAtMs < this.#lostAfterMs) break;
      if (entry.isLost) continue;
      entry.isLost = true;
      lost.push(connectorId);
    }
    return lost;
  }

  /** Undefined for a connector never heard of. */
  livenessOf(connectorId: string, nowMs: number): Liveness | undefined {
    const entry = this.#entries.get(connectorId);
    if (entry === undefined) return undefined;
    if (entry.isLost || nowMs - entry.seenAtMs >= this.#lostAfterMs) return 'lost';
    return entry.isDraining ? 'draining' : 'online';
  }

  /** The link to the hub is back: silence while it was down says nothing, so it is counted from now on. */
  resumed(nowMs: number): void {
    for (const entry of this.#entries.values()) if (!entry.isLost) entry.seenAtMs = nowMs;
  }

  forget(connectorId: string): void {
    this.#entries.delete(connectorId);
  }

  #forgetOldest(): void {
    if (this.#entries.size <= this.#maxEntries) return;
    for (const connectorId of this.#entries.keys()) {
      this.#entries.delete(connectorId);
      return;
    }
  }
}
