import { request } from 'node:https';
import { requestOptionsOf } from './front.mjs';

const FIRST_EVENT_TIMEOUT_MS = 10_000;
const MAX_HELD_BYTES = 65_536;

/** Finds the stamps in the text of an event stream, whatever pieces it comes in. */
export class StampReader {
  #rest = '';
  #next = 0;

  /**
   * @param {string} text
   * @returns {bigint[]} stamps of the events that are whole now
   * @throws {Error} when an event is lost, or something else than events of the origin is in the stream
   */
  read(text) {
    const events = (this.#rest + text).split('\n\n');
    this.#rest = events.pop() ?? '';
    if (this.#rest.length > MAX_HELD_BYTES) throw new Error('an event without an end');
    return events.map((event) => {
      const [, number, stamp] = /^data: (\d+) (\d+)$/.exec(event) ?? [];
      if (stamp === undefined) throw new Error(`not an event of the origin: ${event.slice(0, 80)}`);
      if (Number(number) !== this.#next) throw new Error(`event ${number} came, expected ${this.#next}`);
      this.#next += 1;
      return BigInt(stamp);
    });
  }
}

/**
 * Reads one stream of events for a while.
 * @param {import('./front.mjs').Front} front
 * @param {string} ca in PEM
 * @param {number} milliseconds 0 ends with the first event
 * @returns {Promise<number[]>} milliseconds from the write of each event at the origin to its arrival here
 */
export function readEvents(front, ca, milliseconds) {
  return new Promise((resolve, reject) => {
    const options = requestOptionsOf(front, ca, '/events');
    const call = request({ ...options, headers: { ...options.headers, accept: 'text/event-stream' } });
    /** @type {number[]} */
    const delays = [];
    const reader = new StampReader();
    const fail = (/** @type {Error} */ error) => {
      clearTimeout(timer);
      call.destroy();
      reject(error);
    };
    const done = () => {
      clearTimeout(timer);
      call.destroy();
      resolve(delays);
    };
    const timer = setTimeout(
      () => (delays.length > 0 ? done() : fail(new Error(`no event within ${FIRST_EVENT_TIMEOUT_MS} ms`))),
      milliseconds === 0 ? FIRST_EVENT_TIMEOUT_MS : milliseconds,
    );
    call.on('error', fail);
    call.on('response', (response) => {
      if (response.statusCode !== 200) return fail(new Error(`events were answered with ${response.statusCode}`));
      response.on('error', fail);
      response.on('end', () => fail(new Error('the stream of events ended')));
      response.setEncoding('latin1').on('data', (/** @type {string} */ text) => {
        const now = process.hrtime.bigint();
        try {
          for (const stamp of reader.read(text)) delays.push(Number(now - stamp) / 1e6);
        } catch (error) {
          return fail(error instanceof Error ? error : new Error(String(error)));
        }
        if (milliseconds === 0 && delays.length > 0) done();
      });
    });
    call.end();
  });
}
