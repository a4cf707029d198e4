import { readFileSync } from 'node:fs';
import { readEvents } from '../event-stream.mjs';
import { EVENT_INTERVAL_MS } from '../origin-events.mjs';
import { percentileOf } from '../statistics.mjs';

/**
 * Less than this share of the events that were due means that they were held back, whatever the delay of those that came. A
 * timer of an origin on a busy machine is late, too.
 */
const MIN_ARRIVED = 0.5;

/**
 * How long an event takes from the origin's write to the user: on open streams, and as the first byte of a new one.
 * @param {import('./case.mjs').Plan} plan
 * @returns {import('./case.mjs').Case}
 */
export function sseDelayCase({ events: { streams, seconds, firstBytes } }) {
  const name = 'sse-delay';
  return {
    name,
    reports: [
      { name: `${name}-p99`, unit: 'ms' },
      { name: `${name}-first-byte-p99`, unit: 'ms' },
    ],
    cpuUnit: '',
    when: 'rounds',
    measure: async ({ front }) => {
      const ca = readFileSync(front.caFile, 'utf8');
      /** @type {number[]} */
      const first = [];
      for (let count = 0; count < firstBytes; count += 1) first.push((await readEvents(front, ca, 0))[0] ?? Number.NaN);
      const all = await Promise.all(Array.from({ length: streams }, () => readEvents(front, ca, seconds * 1000)));
      const delays = all.flat();
      const due = (streams * seconds * 1000) / EVENT_INTERVAL_MS;
      const p99Ms = percentileOf(delays, 99);
      const firstByteP99Ms = percentileOf(first, 99);
      return {
        values: { [`${name}-p99`]: p99Ms, [`${name}-first-byte-p99`]: firstByteP99Ms },
        invalid: delays.length < due * MIN_ARRIVED ? `${delays.length} events came, ${due} were due` : undefined,
        figures: {
          p50Ms: percentileOf(delays, 50),
          p99Ms,
          maxMs: Math.max(...delays),
          firstByteP50Ms: percentileOf(first, 50),
          firstByteP99Ms,
        },
        errors: 0,
      };
    },
  };
}
