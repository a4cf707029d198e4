const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** How far a change of the offset is looked for: further than the edge of a weekly window can be away at the end of a day. */
const LOOK_AHEAD_MS = 9 * DAY_MS;
/** The instants of ECMAScript, less the look-ahead. */
const MAX_INSTANT_MS = 8.64e15 - LOOK_AHEAD_MS - DAY_MS;

export type Offset = {
  /** Local time less UTC. */
  readonly offsetMs: number;
  /** When summer time begins or ends next, within a week; undefined: not within that. */
  readonly changesAtMs: number | undefined;
};

/** Total; undefined for an instant that is none. */
export type TimeZone = (nowMs: number) => Offset | undefined;

/** By name, each made once for a policy set; a name that is no IANA time zone is not in it. */
export type TimeZones = ReadonlyMap<string, TimeZone>;

export function createTimeZones(names: Iterable<string>): TimeZones {
  const zones = new Map<string, TimeZone>();
  for (const name of new Set(names)) {
    const zone = createTimeZone(name);
    if (zone !== undefined) zones.set(name, zone);
  }
  return zones;
}

/**
 * Asking the formatter takes microseconds, making it a hundred times that: what it says about the last day (of UTC) that was asked about
 * is kept. No zone changes its offset twice within a day, nor, since 1972, between two minutes.
 */
function createTimeZone(name: string): TimeZone | undefined {
  const format = createFormat(name);
  if (format === undefined) return undefined;
  let kept: Day | undefined;
  return (nowMs) => {
    if (!(Math.abs(nowMs) <= MAX_INSTANT_MS)) return undefined;
    const beginsMs = Math.floor(nowMs / DAY_MS) * DAY_MS;
    if (kept?.beginsMs !== beginsMs) kept = dayOf(format, beginsMs);
    return nowMs < kept.turnsAtMs ? kept.before : kept.after;
  };
}

/** `turnsAtMs`: when the offset changes that day; infinite: it does not. */
type Day = { readonly beginsMs: number; readonly turnsAtMs: number; readonly before: Offset; readonly after: Offset };

function dayOf(format: Intl.DateTimeFormat, beginsMs: number): Day {
  const endsMs = beginsMs + DAY_MS;
  const turnsAtMs = changeBetween(format, beginsMs, endsMs);
  const changesAtMs = changeBetween(format, endsMs, beginsMs + LOOK_AHEAD_MS);
  return {
    beginsMs,
    turnsAtMs: turnsAtMs ?? Number.POSITIVE_INFINITY,
    before: { offsetMs: offsetAt(format, beginsMs), changesAtMs: turnsAtMs ?? changesAtMs },
    after: { offsetMs: offsetAt(format, endsMs), changesAtMs },
  };
}

/** The first minute with the later offset; undefined when both ends have the same. */
function changeBetween(format: Intl.DateTimeFormat, fromMs: number, untilMs: number): number | undefined {
  const offsetMs = offsetAt(format, fromMs);
  if (offsetAt(format, untilMs) === offsetMs) return undefined;
  let beforeMs = fromMs;
  let afterMs = untilMs;
  while (afterMs - beforeMs > MINUTE_MS) {
    const middleMs = beforeMs + Math.floor((afterMs - beforeMs) / 2 / MINUTE_MS) * MINUTE_MS;
    if (offsetAt(format, middleMs) === offsetMs) beforeMs = middleMs;
    else afterMs = middleMs;
  }
  return afterMs;
}

function createFormat(timeZone: string): Intl.DateTimeFormat | undefined {
  try {
    return new Intl.DateTimeFormat('en-US', {
      timeZone,
      hourCycle: 'h23',
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  } catch {
    // RangeError is how Intl says that there is no such time zone.
    return undefined;
  }
}

function offsetAt(format: Intl.DateTimeFormat, instantMs: number): number {
  const fields = { year: 0, month: 1, day: 1, hour: 0, minute: 0, second: 0 };
  let isBeforeChrist = false;
  for (const { type, value } of format.formatToParts(instantMs)) {
    if (type === 'era') isBeforeChrist = value.startsWith('B');
    else if (type in fields) fields[type as keyof typeof fields] = Number(value);
  }
  const local = new Date(0);
  local.setUTCFullYear(isBeforeChrist ? 1 - fields.year : fields.year, fields.month - 1, fields.day);
  local.setUTCHours(fields.hour, fields.minute, fields.second);
  return local.getTime() - instantMs;
}
