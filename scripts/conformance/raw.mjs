import { openSocket } from './ask.mjs';

/**
 * @typedef {object} RawAnswer
 * @property {string} text everything that came back, latin1
 * @property {number[]} statuses of the answers that are not interim
 * @property {boolean} isClosed by the other side before the deadline
 */

/**
 * Sends bytes as they are; reads until the other side closes, the answer is enough, or the time is over.
 * @param {import('./world.mjs').Front | number} where
 * @param {string} bytes latin1
 * @param {{ deadlineMs: number, isEnough?: (text: string) => boolean }} options
 * @returns {Promise<RawAnswer>}
 */
export async function exchangeRaw(where, bytes, { deadlineMs, isEnough = () => false }) {
  const socket = await openSocket(where);
  let text = '';
  let isClosed = false;
  await new Promise((resolve) => {
    const timer = setTimeout(resolve, deadlineMs);
    const finish = () => {
      clearTimeout(timer);
      resolve(undefined);
    };
    const close = () => {
      isClosed = true;
      finish();
    };
    socket.on('end', close);
    socket.on('close', close);
    socket.on('data', (/** @type {Buffer} */ chunk) => {
      text += chunk.toString('latin1');
      if (isEnough(text)) finish();
    });
    socket.write(Buffer.from(bytes, 'latin1'));
  });
  socket.destroy();
  return { text, statuses: statusesOf(text), isClosed };
}

/** @param {string} text */
function statusesOf(text) {
  return [...text.matchAll(/HTTP\/1\.1 (\d{3})/g)].map((match) => Number(match[1])).filter((status) => status >= 200);
}

/**
 * Works on a list with a bounded number at once.
 * @template T
 * @param {Iterable<T>} items
 * @param {number} atOnce
 * @param {(item: T) => Promise<void>} work
 */
export async function forEachAtOnce(items, atOnce, work) {
  const queue = items[Symbol.iterator]();
  const worker = async () => {
    for (let next = queue.next(); next.done !== true; next = queue.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
}
