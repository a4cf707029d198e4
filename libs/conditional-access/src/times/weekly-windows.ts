const MINUTES_PER_WEEK = 10_080;
const MINUTES_PER_DAY = 1440;
const MINUTE_MS = 60_000;
const WEEK_MS = MINUTES_PER_WEEK * MINUTE_MS;
/** The epoch was a Thursday: three days after Monday. */
const EPOCH_OFFSET_MS = 3 * MINUTES_PER_DAY * MINUTE_MS;

/** As in a policy: days 1 (Monday) to 7, times `HH:MM`. */
export type DayWindow = { readonly days: readonly number[]; readonly from: string; readonly until: string };

/** Minutes of the week since Monday 00:00, in order, neither touching nor overlapping; `until` is not in it. */
export type WeekSpan = { readonly from: number; readonly until: number };

/** `from` equal to `until` is an empty window. */
export function isEmptyWindow({ from, until }: DayWindow): boolean {
  return from === until;
}

export function spansOf(windows: readonly DayWindow[]): readonly WeekSpan[] {
  const spans = windows
    .filter((window) => !isEmptyWindow(window))
    .flatMap(({ days, from, until }) => days.flatMap((day) => splitAtSunday(day, minuteOf(from), minuteOf(until))))
    .sort((one, other) => one.from - other.from);
  const merged: WeekSpan[] = [];
  for (const span of spans) {
    const last = merged.at(-1);
    if (last !== undefined && span.from <= last.until) {
      merged[merged.length - 1] = { from: last.from, until: Math.max(last.until, span.until) };
    } else merged.push(span);
  }
  return merged;
}

/** Milliseconds since Monday 00:00, of an instant of local time. */
export function inWeekMs(localMs: number): number {
  return wrapWeek(localMs + EPOCH_OFFSET_MS);
}

/** The same moment of the week, 0 to less than a week, milliseconds. */
export function wrapWeek(weekMs: number): number {
  return ((weekMs % WEEK_MS) + WEEK_MS) % WEEK_MS;
}

/** Beginnings and ends in turn, milliseconds of the week, in order. */
export function edgesOf(spans: readonly WeekSpan[]): readonly number[] {
  return spans.flatMap(({ from, until }) => [from * MINUTE_MS, until * MINUTE_MS]);
}

export function isWithin(edges: readonly number[], weekMs: number): boolean {
  return passed(edges, weekMs) % 2 === 1;
}

/** Until the next beginning or end; undefined: there is none. Late on Sunday it may name a midnight at which nothing changes. */
export function untilEdgeMs(edges: readonly number[], weekMs: number): number | undefined {
  const [first] = edges;
  if (first === undefined || (first === 0 && edges[1] === WEEK_MS)) return undefined;
  return (edges[passed(edges, weekMs)] ?? first + WEEK_MS) - weekMs;
}

function passed(edges: readonly number[], weekMs: number): number {
  let count = 0;
  for (const edge of edges) {
    if (edge > weekMs) break;
    count += 1;
  }
  return count;
}

function minuteOf(time: string): number {
  const [hours, minutes] = time.split(':');
  return Number(hours) * 60 + Number(minutes);
}

function splitAtSunday(day: number, from: number, until: number): WeekSpan[] {
  const begins = (day - 1) * MINUTES_PER_DAY + from;
  const ends = begins - from + (until > from ? until : until + MINUTES_PER_DAY);
  if (ends <= MINUTES_PER_WEEK) return [{ from: begins, until: ends }];
  return [
    { from: begins, until: MINUTES_PER_WEEK },
    { from: 0, until: ends - MINUTES_PER_WEEK },
  ];
}
