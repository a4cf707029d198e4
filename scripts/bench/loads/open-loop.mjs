// A load of its own process: GET /1k over kept TLS connections, opened before the clock runs. Either a closed loop (each
// connection asks again when it is answered) or an open one (requests fall due at a rate; those for which no connection is
// free wait, and the time they wait counts). Takes its orders as JSON in the first argument, says its result as one JSON
// line. wrk cannot do the open loop, so both loops of the overload case are done here: like is compared with like.
import { readFileSync } from 'node:fs';
import { connectTo, headersOf } from '../front.mjs';
import { AnswerReader } from './answer-reader.mjs';
import { planArrivals, summarizeLoad } from './arrivals.mjs';

/**
 * @typedef {object} LoadOrder
 * @property {import('../front.mjs').Front} front
 * @property {number} connections
 * @property {number} seconds
 * @property {number} ratePerSecond 0 means a closed loop
 */

/**
 * @typedef {object} LoadResult
 * @property {number} due requests that fell due (open loop) or were sent (closed)
 * @property {number} okPerSecond
 * @property {number} refused
 * @property {number} failed
 * @property {number} unanswered
 * @property {number} p50Ms
 * @property {number} p99Ms
 * @property {number} wireP99Ms
 */

/** How long answers are waited for after the load has ended. */
const LAST_ANSWERS_MS = 10_000;
const OPEN_TIMEOUT_MS = 30_000;
const CONNECTIONS_AT_ONCE = 64;
const TICK_MS = 1;

/** @type {LoadOrder} */
const order = JSON.parse(process.argv[2] ?? '{}');
const { front, seconds, ratePerSecond } = order;
const ca = readFileSync(front.caFile, 'utf8');
const request = Buffer.from(`GET /1k HTTP/1.1\r\n${headersOf(front).join('\r\n')}\r\n\r\n`, 'latin1');

/** @typedef {{ socket: import('node:tls').TLSSocket, reader: AnswerReader, dueMs: number, sentMs: number }} Line */

/** @type {Line[]} */
const idle = [];
/** @type {Set<Line>} */
const busy = new Set();
/** @type {number[]} */
const tookMs = [];
/** @type {number[]} */
const wireMs = [];
let [okInTime, refused, failed, sent, due] = [0, 0, 0, 0, 0];
let beginMs = Number.POSITIVE_INFINITY;
let endMs = Number.POSITIVE_INFINITY;
const arrivals = planArrivals(ratePerSecond, seconds);
const isOpenLoop = ratePerSecond > 0;

/** @returns {Promise<void>} */
function openLine() {
  return new Promise((resolve, reject) => {
    const socket = connectTo(front, ca);
    const line = { socket, reader: new AnswerReader(), dueMs: 0, sentMs: 0 };
    const timer = setTimeout(() => socket.destroy(new Error('a connection did not open')), OPEN_TIMEOUT_MS);
    socket.once('secureConnect', () => {
      clearTimeout(timer);
      idle.push(line);
      resolve();
    });
    socket.on('error', reject);
    socket.on('close', () => lose(line));
    socket.on('data', (bytes) => receive(line, bytes));
  });
}

/** @param {Line} line */
function lose(line) {
  if (busy.delete(line)) failed += 1;
  else if (idle.includes(line)) idle.splice(idle.indexOf(line), 1);
  else return;
  // Users come back with a new connection.
  if (performance.now() < endMs) openLine().then(sendDue, () => undefined);
}

/**
 * @param {Line} line
 * @param {Buffer} bytes
 */
function receive(line, bytes) {
  let statuses;
  try {
    statuses = line.reader.read(bytes);
  } catch {
    line.socket.destroy();
    return;
  }
  for (const status of statuses) settle(line, status);
}

/**
 * @param {Line} line
 * @param {number} status
 */
function settle(line, status) {
  if (!busy.delete(line)) return;
  const now = performance.now();
  if (status === 200) {
    if (now <= endMs) okInTime += 1;
    tookMs.push(now - line.dueMs);
    wireMs.push(now - line.sentMs);
  } else if (status === 429 || status === 503) refused += 1;
  else failed += 1;
  idle.push(line);
  sendDue();
}

function sendDue() {
  const now = performance.now();
  if (now >= endMs || now < beginMs) return;
  due = isOpenLoop ? arrivals.dueBy(now - beginMs) : sent + idle.length;
  while (sent < due) {
    const line = idle.pop();
    if (line === undefined) return;
    line.dueMs = isOpenLoop ? beginMs + arrivals.dueAt(sent) : now;
    line.sentMs = now;
    sent += 1;
    busy.add(line);
    line.socket.write(request);
  }
}

async function openAll() {
  for (let left = order.connections; left > 0; left -= CONNECTIONS_AT_ONCE)
    await Promise.all(Array.from({ length: Math.min(left, CONNECTIONS_AT_ONCE) }, openLine));
}

/** @param {number} milliseconds */
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

await openAll();
beginMs = performance.now();
endMs = beginMs + seconds * 1000;
sendDue();
const ticker = isOpenLoop ? setInterval(sendDue, TICK_MS) : undefined;
await pause(seconds * 1000);
clearInterval(ticker);
if (isOpenLoop) due = arrivals.count;
const lastMs = endMs + LAST_ANSWERS_MS;
while (busy.size > 0 && performance.now() < lastMs) await pause(10);
const now = performance.now();
const waitingMs = [...busy].map(({ dueMs }) => now - dueMs);
for (let index = sent; index < due && isOpenLoop; index += 1) waitingMs.push(endMs - beginMs - arrivals.dueAt(index));
const result = summarizeLoad({ seconds, okInTime, tookMs, wireMs, waitingMs, refused, failed, due });
process.stdout.write(`${JSON.stringify(result)}\n`, () => process.exit(0));
