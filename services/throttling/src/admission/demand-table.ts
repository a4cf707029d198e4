import type { Demand } from './share-limits.ts';

export type DemandReport = {
  readonly ingressId: string;
  readonly intervalMs: number;
  readonly counts: readonly { readonly scope: string; readonly admitted: number; readonly refused: number }[];
};

/** An ingress that is silent for so long is no longer counted. */
export const INGRESS_LOST_MS = 2000;
/** Ingresses remembered; a report of one more is refused and counted by the caller. */
export const MAX_INGRESSES = 256;
/** Weight of the newest report in the moving average of demand. */
const NEWEST_WEIGHT = 0.5;

type IngressDemand = { readonly seenAtMs: number; readonly perSecond: ReadonlyMap<string, number> };

/** Latest demand of every ingress as a moving average; pure but for the map it holds. */
export class DemandTable {
  readonly #ingresses = new Map<string, IngressDemand>();

  /** False when the table is full and the report was not taken. */
  record(report: DemandReport, nowMs: number): boolean {
    this.#forgetSilent(nowMs);
    const before = this.#ingresses.get(report.ingressId);
    if (!before && this.#ingresses.size >= MAX_INGRESSES) return false;
    const perSecond = new Map<string, number>();
    for (const { scope, admitted, refused } of report.counts) {
      const now = ((admitted + refused) * 1000) / Math.max(1, report.intervalMs);
      const earlier = before?.perSecond.get(scope) ?? now;
      perSecond.set(scope, NEWEST_WEIGHT * now + (1 - NEWEST_WEIGHT) * earlier);
    }
    this.#ingresses.set(report.ingressId, { seenAtMs: nowMs, perSecond });
    return true;
  }

  ingressIds(nowMs: number): readonly string[] {
    this.#forgetSilent(nowMs);
    return [...this.#ingresses.keys()].sort();
  }

  demands(nowMs: number): readonly Demand[] {
    this.#forgetSilent(nowMs);
    return [...this.#ingresses].flatMap(([ingressId, { perSecond }]) =>
      [...perSecond].map(([scope, rate]) => ({ ingressId, scope, perSecond: rate })),
    );
  }

  #forgetSilent(nowMs: number): void {
    for (const [ingressId, { seenAtMs }] of this.#ingresses) {
      if (nowMs - seenAtMs > INGRESS_LOST_MS) this.#ingresses.delete(ingressId);
    }
  }
}
