import { Agent, request } from 'node:https';
import { setTimeout as delay } from 'node:timers/promises';

const ANSWER_TIMEOUT_MS = 5_000;
/** Between an answer and the next question. */
const PAUSE_MS = 1;

/**
 * Somebody signed in who asks one ingress for GET /1k over a kept connection, one request at a time.
 * @typedef {object} Asker
 * @property {() => Promise<number>} ask status of one answer
 * @property {(limitMs: number) => Promise<number>} untilRefused asks again and again; when the first answer other than 200 had
 * come, by performance.now()
 * @property {(limitMs: number) => Promise<void>} untilServed asks again and again until it is 200
 * @property {() => void} close
 */

/**
 * @param {import('./front.mjs').Front} front its host and port are asked for
 * @param {{ port: number, ca: string }} ingress which is connected to
 * @returns {Asker}
 */
export function openAsker({ host, port: publicPort, cookie = '' }, { port, ca }) {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const headers = { Host: `${host}:${publicPort}`, Cookie: cookie };
  /** @returns {Promise<number>} */
  const ask = () =>
    new Promise((resolve, reject) => {
      const call = request({ host: '127.0.0.1', port, path: '/1k', ca, servername: host, headers, agent });
      call.setTimeout(ANSWER_TIMEOUT_MS, () => call.destroy(new Error(`no answer within ${ANSWER_TIMEOUT_MS} ms`)));
      call.on('error', reject);
      call.on('response', (response) => {
        response.on('error', reject);
        response.on('end', () => resolve(response.statusCode ?? 0));
        response.resume();
      });
      call.end();
    });
  /**
   * @param {(status: number) => boolean} isIt
   * @param {number} limitMs
   * @param {string} what
   */
  const until = async (isIt, limitMs, what) => {
    const deadlineMs = performance.now() + limitMs;
    for (;;) {
      const status = await ask();
      const atMs = performance.now();
      if (isIt(status)) return atMs;
      if (atMs > deadlineMs) throw new Error(`the ingress at port ${port} ${what} within ${limitMs} ms: ${status}`);
      await delay(PAUSE_MS);
    }
  };
  return {
    ask,
    untilRefused: (limitMs) => until(isRefusal, limitMs, 'did not refuse'),
    untilServed: async (limitMs) => void (await until((status) => status === 200, limitMs, 'did not serve')),
    close: () => agent.destroy(),
  };
}

/**
 * Whether an answer turns the user away: to the sign-in, or for good. An ingress that cannot serve has not refused. Pure.
 * @param {number} status
 */
export function isRefusal(status) {
  return status >= 300 && status < 500 && status !== 429;
}

/**
 * Milliseconds from the acknowledgment on; what came before it took none of them. Pure.
 * @param {number} atMs
 * @param {number} acknowledgedMs on the same clock
 */
export function sinceAcknowledged(atMs, acknowledgedMs) {
  return Math.max(0, atMs - acknowledgedMs);
}
