import { setTimeout as delay } from 'node:timers/promises';
import { readMemory } from '../../bench/memory.mjs';
import { openSocket } from '../ask.mjs';
import { askMeanwhile, checkHardlySlower } from '../good-client.mjs';
import { encodeHead, FLAG, h2Frame, PREFACE, TYPE } from '../http2-frames.mjs';
import { Checks } from '../suite.mjs';
import { requireHttp2 } from './http2-requests.mjs';

const FLOOD_MS = 3_000;
const QUIET_MS = 5_000;
const SETTLE_MS = 5_000;
const MAX_MEMORY_FACTOR = 1.2;
/** What a heap of V8 grows by on its own. */
const MEMORY_ALLOWANCE_MIB = 32;
/** Frames between two turns of the event loop, so that the good client of this process is not slowed by the flood's own making. */
const BURST = 64;

/**
 * Each makes the frames number `i` of a flood.
 * @type {Readonly<Record<string, (i: number, head: Buffer) => Buffer>>}
 */
const FLOODS = {
  'rapid reset (CVE-2023-44487)': (i, head) =>
    Buffer.concat([
      h2Frame(TYPE.headers, FLAG.endHeaders | FLAG.endStream, 2 * i + 1, head),
      h2Frame(TYPE.resetStream, 0, 2 * i + 1, Buffer.from([0, 0, 0, 8])),
    ]),
  'MadeYouReset (CVE-2025-8671)': (i, head) =>
    Buffer.concat([
      h2Frame(TYPE.headers, FLAG.endHeaders | FLAG.endStream, 2 * i + 1, head),
      h2Frame(TYPE.windowUpdate, 0, 2 * i + 1, Buffer.alloc(4)),
    ]),
  'CONTINUATION (CVE-2024-27316)': (i, head) =>
    i === 0 ? h2Frame(TYPE.headers, 0, 1, head) : h2Frame(TYPE.continuation, 0, 1, Buffer.from('\0\x01a\x01b')),
  PING: (i) => h2Frame(TYPE.ping, 0, 0, Buffer.alloc(8, i)),
  SETTINGS: () => h2Frame(TYPE.settings, 0, 0, Buffer.alloc(0)),
  'empty DATA': (i, head) =>
    i === 0 ? h2Frame(TYPE.headers, FLAG.endHeaders, 1, head) : h2Frame(TYPE.data, 0, 1, Buffer.alloc(0)),
};

/** @type {import('../suite.mjs').Suite} */
export const http2Floods = {
  name: 'http2-floods',
  judges: 'HTTP/2 floods: the connection is closed, a good client is hardly slower, memory comes back',
  limitMs: 120_000,
  run: async ({ passthrough, processes }) => {
    await requireHttp2(passthrough);
    const ingress = { ingress: processes.ingress ?? 0 };
    const checks = new Checks();
    const quiet = await askMeanwhile(passthrough, QUIET_MS);
    const before = readMemory(ingress).ingress?.rssMib ?? 0;
    for (const [name, make] of Object.entries(FLOODS)) {
      const flooding = flood(passthrough, make);
      const seen = await askMeanwhile(passthrough, Promise.all([flooding, delay(FLOOD_MS)]));
      const { sent, closedAfterMs } = await flooding;
      checks.check(
        closedAfterMs !== undefined,
        `${name}: ${sent} frames in ${FLOOD_MS} ms and the connection stayed open`,
      );
      checkHardlySlower(checks, name, { quiet, seen });
      checks.notes.push(
        `${name}: ${closedAfterMs === undefined ? 'not closed' : `closed after ${closedAfterMs.toFixed(0)} ms`}, ${sent} steps sent`,
      );
    }
    await delay(SETTLE_MS);
    const after = readMemory(ingress).ingress?.rssMib ?? 0;
    const allowedMib = before * MAX_MEMORY_FACTOR + MEMORY_ALLOWANCE_MIB;
    checks.check(after <= allowedMib, `ingress holds ${after.toFixed(0)} MiB afterwards, ${before.toFixed(0)} before`);
    checks.notes.push(`ingress ${before.toFixed(0)} MiB before, ${after.toFixed(0)} MiB afterwards`);
    return checks.outcome('own frames');
  },
};

/**
 * @param {import('../world.mjs').Front} front
 * @param {(i: number, head: Buffer) => Buffer} make
 * @returns {Promise<{ sent: number, closedAfterMs: number | undefined }>}
 */
async function flood(front, make) {
  const socket = await openSocket(front, { alpn: ['h2'] });
  const head = encodeHead({ authority: `${front.host}:${front.port}`, path: '/small' });
  const startedAt = performance.now();
  /** @type {number | undefined} */
  let closedAfterMs;
  socket.on('close', () => {
    closedAfterMs ??= performance.now() - startedAt;
  });
  socket.on('end', () => socket.destroy());
  socket.resume();
  socket.write(Buffer.concat([PREFACE, h2Frame(TYPE.settings, 0, 0, Buffer.alloc(0))]));
  let sent = 0;
  while (performance.now() - startedAt < FLOOD_MS && closedAfterMs === undefined) {
    const frames = Array.from({ length: BURST }, (_, i) => make(sent + i, head));
    sent += BURST;
    const isTaken = socket.write(Buffer.concat(frames));
    if (isTaken) await new Promise((resolve) => setImmediate(resolve));
    else await Promise.race([new Promise((resolve) => socket.once('drain', resolve)), delay(100)]);
  }
  socket.destroy();
  return { sent, closedAfterMs };
}
