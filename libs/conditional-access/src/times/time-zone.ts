const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
/** How far a change of the offset is looked for: further than a weekly window can be away. */
const LOOK_AHEAD_MS = 8 * DAY_MS;
/** The instants of ECMAScript, less the look-ahead. */
const MAX_INSTANT_MS = 8.64e15 - LOOK_AHEAD_MS - DAY_MS;

export type Offset = {
  /** Local time less UTC. */
  readonly offsetMs: number;
  /** When summer time begins or ends next, within eight days; undefined: not within these. */
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

/** Making the formatter takes longer than a hundred evaluations; one answer, that of the last minute asked, is kept. */
function createTimeZone(name: string): TimeZone | undefined {
  const format = createFormat(name);
  if (format === undefined) return undefined;
  let minuteMs = Number.NaN;
  let kept: Offset | undefined;
  return (nowMs) => {
    if (!(Math.abs(nowMs) <= MAX_INSTANT_MS)) return undefined;
    const askedMs = Math.floor(nowMs / MINUTE_MS) * MINUTE_MS;
    if (kept === undefined || askedMs !== minuteMs) {
      kept = offsetFrom(format, askedMs);
      minuteMs = askedMs;
    }
    return kept;
  };
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

function offsetFrom(format: Intl.DateTimeFormat, fromMs: number): Offset {
  const offsetMs = offsetAt(format, fromMs);
  let beforeMs = fromMs;
  let afterMs = fromMs + LOOK_AHEAD_MS;
  if (offsetAt(format, afterMs) === offsetMs) return { offsetMs, changesAtMs: undefined };
  while (afterMs - beforeMs > MINUTE_MS) {
    const middleMs = beforeMs + Math.floor((afterMs - beforeMs) / 2 / MINUTE_MS) * MINUTE_MS;
    if (offsetAt(format, middleMs) === offsetMs) beforeMs = middleMs;
    else afterMs = middleMs;
  }
  return { offsetMs, changesAtMs: afterMs };
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
