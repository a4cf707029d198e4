import { ask } from './ask.mjs';

/**
 * What the echo app has seen, asked without anything in between.
 * @param {number} originPort
 * @returns {Promise<{ requests: number, malformed: number }>}
 */
export async function readCounts(originPort) {
  const { body } = await ask(originPort, { path: '/count' });
  return JSON.parse(body.toString());
}
