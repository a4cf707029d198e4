import { createHash } from 'node:crypto';

/** A prime length, so that blocks which change places or are lost change the hash. */
const PERIOD_BYTES = 1_048_573;
const BLOCK_BYTES = 64 * 1024;

/** The same bytes in every process: a small generator, not a secret. */
const PERIOD = (() => {
  const bytes = Buffer.allocUnsafe(PERIOD_BYTES + BLOCK_BYTES);
  let state = 0x9e3779b9;
  for (let i = 0; i < bytes.length; i += 1) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = i < PERIOD_BYTES ? state & 0xff : (bytes[i - PERIOD_BYTES] ?? 0);
  }
  return bytes;
})();

/**
 * Bytes that nobody can guess and everybody can make again.
 * @param {number} size
 * @returns {Generator<Buffer>} blocks of at most 64 KiB, views on shared memory
 */
export function* patternBlocks(size) {
  for (let at = 0; at < size; at += BLOCK_BYTES) {
    const from = at % PERIOD_BYTES;
    yield PERIOD.subarray(from, from + Math.min(BLOCK_BYTES, size - at));
  }
}

/**
 * @param {number} size
 * @returns {string} SHA-256 of the pattern in hexadecimal
 */
export function patternHash(size) {
  const hash = createHash('sha256');
  for (const block of patternBlocks(size)) hash.update(block);
  return hash.digest('hex');
}
