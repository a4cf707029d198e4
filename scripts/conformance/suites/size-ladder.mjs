import { createHash } from 'node:crypto';
import { watchMemoryGrowth } from '../../bench/memory.mjs';
import { ask } from '../ask.mjs';
import { patternBlocks, patternHash } from '../pattern.mjs';
import { Checks } from '../suite.mjs';

const MIB = 1024 * 1024;
const MAX_GROWTH_MIB = 64;
const SIGNED_IN_MAX_BYTES = 64 * MIB;
const SIZES = [0, 1, MIB - 1, MIB, MIB + 1, 8 * MIB - 1, 8 * MIB, 8 * MIB + 1, 64 * MIB, 1024 * MIB];
const WATCHED = ['ingress', 'connector', 'hub'];

/** @type {import('../suite.mjs').Suite} */
export const sizeLadder = {
  name: 'size-ladder',
  judges: 'bodies of 0 bytes to 1 GiB both ways, with a length and in chunks: SHA-256 equal, memory bounded',
  limitMs: 420_000,
  run: async ({ passthrough, signedIn, processes, log }) => {
    const checks = new Checks();
    const watched = Object.fromEntries(Object.entries(processes).filter(([name]) => WATCHED.includes(name)));
    const endWatch = watchMemoryGrowth(watched);
    for (const size of SIZES) {
      const sha256 = patternHash(size);
      const fronts = /** @type {const} */ ([
        ['passthrough', passthrough],
        ['signed in', signedIn],
      ]);
      for (const [who, front] of fronts.filter((_, i) => i === 0 || size <= SIGNED_IN_MAX_BYTES))
        for (const isChunked of [false, true]) {
          const how = `${size} bytes ${isChunked ? 'in chunks' : 'with a length'}, ${who}`;
          await checks.attempt(`down, ${how}`, () => download(front, size, sha256, isChunked));
          await checks.attempt(`up, ${how}`, () => upload(front, size, sha256, isChunked));
        }
      log(`size-ladder: ${size} bytes done`);
    }
    for (const [name, growth] of Object.entries(endWatch())) {
      checks.check(
        growth <= MAX_GROWTH_MIB,
        `${name} grew by ${growth.toFixed(0)} MiB, expected at most ${MAX_GROWTH_MIB}`,
      );
      checks.notes.push(`${name} grew by at most ${growth.toFixed(0)} MiB`);
    }
    return checks.outcome('own');
  },
};

/**
 * @param {import('../world.mjs').Front} front
 * @param {number} size
 * @param {string} sha256
 * @param {boolean} isChunked
 */
async function download(front, size, sha256, isChunked) {
  const hash = createHash('sha256');
  let bytes = 0;
  const { status, headers } = await ask(front, {
    path: `/big?n=${size}${isChunked ? '&chunked' : ''}`,
    onData: (chunk) => {
      bytes += chunk.length;
      hash.update(chunk);
    },
  });
  expectEqual('status', status, 200);
  expectEqual('length', headers['content-length'], isChunked ? undefined : String(size));
  expectEqual('bytes', bytes, size);
  expectEqual('SHA-256', hash.digest('hex'), sha256);
}

/**
 * @param {import('../world.mjs').Front} front
 * @param {number} size
 * @param {string} sha256
 * @param {boolean} isChunked
 */
async function upload(front, size, sha256, isChunked) {
  const headers = isChunked ? { 'transfer-encoding': 'chunked' } : { 'content-length': size };
  const { status, body } = await ask(front, { path: '/hash', method: 'PUT', headers, body: patternBlocks(size) });
  expectEqual('status', status, 200);
  const seen = JSON.parse(body.toString());
  expectEqual('bytes', seen.bytes, size);
  expectEqual('SHA-256', seen.sha256, sha256);
}

/**
 * @param {string} what
 * @param {string | number | undefined} got
 * @param {string | number | undefined} expected
 */
export function expectEqual(what, got, expected) {
  if (got !== expected) throw new Error(`${what} is ${got}, expected ${expected}`);
}
