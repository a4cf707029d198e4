import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const LISTEN_LIMIT_MS = 10_000;
const LISTEN_POLL_MS = 50;

/**
 * @param {import('../children.mjs').Child} child
 * @param {number} port on 127.0.0.1
 * @throws {Error} with the child's last words when it ends, or does not listen in time
 */
export async function untilListening(child, port) {
  const deadline = Date.now() + LISTEN_LIMIT_MS;
  while (!(await isListening(port))) {
    if (!child.isRunning()) throw new Error(`${child.name} ended: ${child.lastWords()}`);
    if (Date.now() > deadline) throw new Error(`${child.name} did not listen on ${port}: ${child.lastWords()}`);
    await delay(LISTEN_POLL_MS);
  }
}

/**
 * @param {number} port
 * @returns {Promise<boolean>}
 */
function isListening(port) {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('error', () => resolve(false));
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
  });
}
