import { expect } from 'chai';
import fc from 'fast-check';
import { describe, it } from 'mocha';
import { ask, type Expected, evaluate, policy, results } from '../policy-sets.ts';

const reasons = { met: 'time-in-scope', unmet: 'time-out-of-scope', missing: 'time-unknown' };
const work = { days: [1, 2, 3, 4, 5], from: '08:00', until: '18:00' };
const night = { days: [5], from: '22:00', until: '06:00' };
const sunday = { days: [7], from: '22:00', until: '06:00' };
const early = { days: [7], from: '02:15', until: '02:45' };
const emptyMonday = { days: [1], from: '00:00', until: '00:00' };
const wholeSunday = { days: [7], from: '00:00', until: '24:00' };
type Window = typeof work;

describe('the criterion times', () => {
  const table: [Window, string, string, Expected][] = [
    [work, 'UTC', '2026-11-23T08:00:00Z', 'met'],
    [work, 'UTC', '2026-11-23T07:59:59.999Z', 'unmet'],
    [work, 'UTC', '2026-11-23T17:59:59.999Z', 'met'],
    [work, 'UTC', '2026-11-23T18:00:00Z', 'unmet'],
    [work, 'UTC', '2026-11-22T12:00:00Z', 'unmet'],
    [work, 'Europe/Berlin', '2026-11-23T07:00:00Z', 'met'],
    [work, 'Europe/Berlin', '2026-07-20T06:00:00Z', 'met'],
    [work, 'Europe/Berlin', '2026-07-20T05:59:59Z', 'unmet'],
    [work, 'Pacific/Auckland', '2026-11-22T20:00:00Z', 'met'],
    [work, 'Asia/Kathmandu', '2026-11-23T02:15:00Z', 'met'],
    [work, 'Asia/Kathmandu', '2026-11-23T02:14:59Z', 'unmet'],
    [night, 'UTC', '2026-11-27T22:00:00Z', 'met'],
    [night, 'UTC', '2026-11-28T05:59:00Z', 'met'],
    [night, 'UTC', '2026-11-28T06:00:00Z', 'unmet'],
    [night, 'UTC', '2026-11-27T05:00:00Z', 'unmet'],
    [sunday, 'UTC', '2026-11-22T23:00:00Z', 'met'],
    [sunday, 'UTC', '2026-11-23T05:59:00Z', 'met'],
    [sunday, 'UTC', '2026-11-22T05:00:00Z', 'unmet'],
    // Summer time leaves out 02:00 to 03:00 on 2026-03-29, and has it twice on 2026-10-25.
    [early, 'Europe/Berlin', '2026-03-22T01:30:00Z', 'met'],
    [early, 'Europe/Berlin', '2026-03-29T00:30:00Z', 'unmet'],
    [early, 'Europe/Berlin', '2026-03-29T01:30:00Z', 'unmet'],
    [early, 'Europe/Berlin', '2026-10-25T00:30:00Z', 'met'],
    [early, 'Europe/Berlin', '2026-10-25T01:00:00Z', 'unmet'],
    [early, 'Europe/Berlin', '2026-10-25T01:30:00Z', 'met'],
    [emptyMonday, 'UTC', '2026-11-23T12:00:00Z', 'unmet'],
    [wholeSunday, 'UTC', '2026-11-22T00:00:00Z', 'met'],
    [wholeSunday, 'UTC', '2026-11-22T23:59:59.999Z', 'met'],
    [wholeSunday, 'UTC', '2026-11-23T00:00:00Z', 'unmet'],
    [work, 'Mars/Olympus_Mons', '2026-11-23T12:00:00Z', 'missing'],
    [work, '../../etc', '2026-11-23T12:00:00Z', 'missing'],
  ];
  for (const [window, timeZone, instant, expected] of table) {
    it(`is ${expected}: ${window.days.join()} ${window.from} to ${window.until} in ${timeZone} at ${instant}`, () => {
      const parts = { conditions: { times: { timeZone, windows: [window] } } };
      const [result, reason] = ask('conditions.times', parts, { nowMs: Date.parse(instant) });
      expect(result).to.equal(results[expected]);
      expect(reason).to.equal(reasons[expected]);
    });
  }

  for (const nowMs of [Number.NaN, Number.POSITIVE_INFINITY, -9e15, 1e300]) {
    it(`is missing at ${nowMs}, which is no instant`, () => {
      const parts = { conditions: { times: { timeZone: 'Europe/Berlin', windows: [work] } } };
      expect(ask('conditions.times', parts, { nowMs })).to.deep.equal(['input-missing', 'time-unknown']);
    });
  }

  const edges: [Window, string, string, string][] = [
    [work, 'UTC', '2026-11-23T10:00:00Z', '2026-11-23T18:00:00Z'],
    [work, 'UTC', '2026-11-23T18:00:00Z', '2026-11-24T08:00:00Z'],
    [work, 'UTC', '2026-11-27T18:00:00Z', '2026-11-30T08:00:00Z'],
    [night, 'UTC', '2026-11-27T23:00:00Z', '2026-11-28T06:00:00Z'],
    [work, 'Europe/Berlin', '2026-11-23T10:00:00Z', '2026-11-23T17:00:00Z'],
    // From Friday evening on, the next thing that happens is that the clocks change.
    [work, 'Europe/Berlin', '2026-03-27T18:00:00Z', '2026-03-29T01:00:00Z'],
    [early, 'Europe/Berlin', '2026-03-29T00:30:00Z', '2026-03-29T01:00:00Z'],
    [early, 'Europe/Berlin', '2026-10-25T00:50:00Z', '2026-10-25T01:00:00Z'],
    [early, 'Europe/Berlin', '2026-10-25T01:00:00Z', '2026-10-25T01:15:00Z'],
  ];
  for (const [window, timeZone, now, expected] of edges) {
    it(`holds until ${expected}: ${window.days.join()} ${window.from} to ${window.until} in ${timeZone} at ${now}`, () => {
      const parts = { conditions: { times: { timeZone, windows: [window] } } };
      const { validUntilMs } = evaluate([policy(parts)], { nowMs: Date.parse(now) });
      expect(new Date(validUntilMs ?? 0).toISOString()).to.equal(new Date(expected).toISOString());
    });
  }

  it('agrees with the wall clock of every zone there is, at any time since 1972', () => {
    const instants = fc.integer({ min: Date.UTC(1972, 0, 2), max: Date.UTC(2100, 0, 1) });
    const minutes = fc.integer({ min: 0, max: 1439 });
    const zones = fc.constantFrom(...Intl.supportedValuesOf('timeZone'));
    fc.assert(
      fc.property(
        zones,
        instants,
        fc.integer({ min: 1, max: 7 }),
        minutes,
        minutes,
        (timeZone, nowMs, day, from, until) => {
          const windows = [{ days: [day], from: timeOfDay(from), until: timeOfDay(until) }];
          const [result] = ask('conditions.times', { conditions: { times: { timeZone, windows } } }, { nowMs });
          const now = wallClock(timeZone, nowMs);
          const isInside =
            from < until
              ? now.day === day && from <= now.minute && now.minute < until
              : from > until &&
                ((now.day === day && from <= now.minute) || (now.day === (day % 7) + 1 && now.minute < until));
          expect(result).to.equal(results[isInside ? 'met' : 'unmet']);
        },
      ),
      { numRuns: 500 },
    );
  });
});

function timeOfDay(minute: number): string {
  return [Math.floor(minute / 60), minute % 60].map((part) => String(part).padStart(2, '0')).join(':');
}

function wallClock(timeZone: string, nowMs: number) {
  const [weekday = '', time = ''] = new Intl.DateTimeFormat('en-GB', {
    timeZone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  })
    .format(nowMs)
    .split(' ');
  const [hours, minute] = time.split(':').map(Number);
  const day = ['Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'].findIndex((name) => weekday.startsWith(name)) + 1;
  return { day, minute: (hours ?? Number.NaN) * 60 + (minute ?? Number.NaN) };
}
