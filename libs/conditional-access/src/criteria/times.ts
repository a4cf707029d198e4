import type { Criterion, Probe } from '../criterion.ts';
import { matchOf } from '../three-valued.ts';
import type { Offset, TimeZone } from '../times/time-zone.ts';
import { edgesOf, inWeekMs, isWithin, spansOf, untilEdgeMs } from '../times/weekly-windows.ts';

/**
 * When, by the clock on the wall of the zone: a window in an hour that summer time leaves out is not met that day, one in an hour that
 * comes twice is met twice. A zone this runtime does not know counts as missing.
 */
export const times: Criterion = {
  clause: 'conditions.times',
  reasons: ['time-in-scope', 'time-out-of-scope'],
  missingReason: 'time-unknown',
  prepare: ({ conditions }, { timeZones }) => {
    if (conditions.times === undefined) return undefined;
    const zone = timeZones.get(conditions.times.timeZone);
    return zone === undefined
      ? { matches: () => 'missing' }
      : probeOf(edgesOf(spansOf(conditions.times.windows)), zone);
  },
};

function probeOf(edges: readonly number[], zone: TimeZone): Probe {
  return {
    matches: ({ inputs: { nowMs } }) => {
      const offset = zone(nowMs);
      return offset === undefined ? 'missing' : matchOf(isWithin(edges, inWeekMs(nowMs + offset.offsetMs)));
    },
    changesAtMs: ({ inputs: { nowMs } }) => {
      const offset = zone(nowMs);
      return offset === undefined ? undefined : edgeAfter(edges, nowMs, offset);
    },
  };
}

/** Where the offset changes first, that is the edge: behind it, the wall clock tells another time. */
function edgeAfter(edges: readonly number[], nowMs: number, offset: Offset): number | undefined {
  const distanceMs = untilEdgeMs(edges, inWeekMs(nowMs + offset.offsetMs));
  if (distanceMs === undefined) return undefined;
  return Math.min(nowMs + distanceMs, offset.changesAtMs ?? Number.POSITIVE_INFINITY);
}
