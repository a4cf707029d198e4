import { readFileSync } from 'node:fs';
import { startCpuClock } from '../processes.mjs';
import { percentileOf } from '../statistics.mjs';
import { openWebSocket } from '../websocket/client.mjs';
import { divide } from './case.mjs';

/** Round trips before those that count. */
const WARM_UP_ECHOES = 200;
const PAYLOAD = Buffer.from('a message of the size people type, which is about sixty-four'.padEnd(64, '.'));

/**
 * One message to the origin and back over a WebSocket that is open already, one at a time.
 * @param {import('./case.mjs').Plan} plan
 * @returns {import('./case.mjs').Case}
 */
export function websocketEchoCase({ echoes }) {
  const name = 'websocket-echo';
  return {
    name,
    reports: [
      { name, unit: 'ms' },
      { name: `${name}-p99`, unit: 'ms' },
    ],
    cpuUnit: 'request',
    when: 'rounds',
    measure: async ({ front, processes }) => {
      const socket = await openWebSocket(front, readFileSync(front.caFile, 'utf8'));
      try {
        for (let count = 0; count < WARM_UP_ECHOES; count += 1) await socket.echo(PAYLOAD);
        const cpu = startCpuClock(processes);
        /** @type {number[]} */
        const took = [];
        for (let count = 0; count < echoes; count += 1) took.push(await socket.echo(PAYLOAD));
        const [p50Ms, p99Ms] = [percentileOf(took, 50), percentileOf(took, 99)];
        return {
          values: { [name]: p50Ms, [`${name}-p99`]: p99Ms },
          figures: { p50Ms, p99Ms, maxMs: Math.max(...took) },
          errors: 0,
          cpuMicroseconds: divide(cpu(), echoes),
        };
      } finally {
        socket.close();
      }
    },
  };
}
