import { percentileOf } from '../../bench/statistics.mjs';
import { ask } from '../ask.mjs';
import { Checks } from '../suite.mjs';

const EVENTS = 10_000;
const EVERY_MS = 1;
const MAX_P99_MS = 20;
const STREAM_TIMEOUT_MS = 60_000;

/** @type {import('../suite.mjs').Suite} */
export const serverSentEvents = {
  name: 'server-sent-events',
  judges: `${EVENTS} events, one a millisecond: all there, in order, p99 within ${MAX_P99_MS} ms of the origin's write`,
  limitMs: 180_000,
  run: async ({ originPort, passthrough, signedIn }) => {
    const checks = new Checks();
    for (const [where, target] of /** @type {const} */ ([
      ['direct', originPort],
      ['passthrough', passthrough],
      ['signed in', signedIn],
    ])) {
      const { ids, delays } = await listen(target);
      checks.check(delays.length > 0, `${where}: no event came`);
      if (delays.length === 0) continue;
      const [p50, p99, max] = [percentileOf(delays, 50), percentileOf(delays, 99), Math.max(...delays)];
      checks.notes.push(
        `${where}: p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(2)} ms, max ${max.toFixed(1)} ms, first event ${(delays[0] ?? 0).toFixed(1)} ms`,
      );
      if (where === 'direct') continue;
      checks.check(ids.length === EVENTS, `${where}: ${ids.length} events came, expected ${EVENTS}`);
      checks.check(
        ids.every((id, i) => id === i),
        `${where}: events came out of order`,
      );
      checks.check(p99 <= MAX_P99_MS, `${where}: p99 ${p99.toFixed(1)} ms, expected at most ${MAX_P99_MS} ms`);
      checks.check((delays[0] ?? Infinity) <= MAX_P99_MS, `${where}: the first event took ${delays[0]?.toFixed(1)} ms`);
    }
    return checks.outcome('own');
  },
};

/** @param {import('../world.mjs').Front | number} target */
async function listen(target) {
  /** @type {number[]} */
  const ids = [];
  /** @type {number[]} */
  const delays = [];
  let rest = '';
  await ask(target, {
    path: `/sse?n=${EVENTS}&ms=${EVERY_MS}`,
    headers: { accept: 'text/event-stream' },
    timeoutMs: STREAM_TIMEOUT_MS,
    onData: (chunk) => {
      const now = process.hrtime.bigint();
      const events = (rest + chunk.toString('latin1')).split('\n\n');
      rest = events.pop() ?? '';
      for (const event of events) {
        const match = /^id: (\d+)\ndata: (\d+)$/.exec(event);
        if (match === null) continue;
        ids.push(Number(match[1]));
        delays.push(Number(now - BigInt(match[2] ?? 0)) / 1e6);
      }
    },
  });
  return { ids, delays };
}
