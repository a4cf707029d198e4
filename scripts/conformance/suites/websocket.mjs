import { createHash } from 'node:crypto';
import { percentileOf } from '../../bench/statistics.mjs';
import { patternBlocks } from '../pattern.mjs';
import { Checks } from '../suite.mjs';
import { frame, shakeHands, webSocketOpener } from '../web-socket.mjs';

const MIB = 1024 * 1024;
const MESSAGE_TIMEOUT_MS = 30_000;
const ROUND_TRIPS = 500;
/** Against the origin itself: the whole exchange at most twice its time, and a second for the handshakes. */
const MAX_FACTOR = 2;
const ALLOWANCE_MS = 1_000;
const SIZES = [0, 1, 125, 126, 127, 65_535, 65_536, MIB, 16 * MIB];
const CLOSE_CODES = [1000, 1001, 1003, 1007, 1008, 1009, 1011, 1012, 3000, 4999];

/** @typedef {import('../web-socket.mjs').WebSocket} WebSocket */
/** @typedef {import('../world.mjs').Front | number} Where */
/** @typedef {(where: Where, path?: string) => Promise<WebSocket>} Open */

/** Bytes that break RFC 6455, sent behind a good handshake; the origin closes, and the tunnel must show how. */
const BROKEN_FRAMES = /** @type {const} */ ([
  ['text that is no UTF-8', frame(0x81, Buffer.from([0xc3, 0x28]))],
  ['a frame without a mask', frame(0x81, Buffer.from('a'), { isMasked: false })],
  ['a reserved bit', frame(0xc1, Buffer.from('a'))],
  ['an unknown opcode', frame(0x83, Buffer.from('a'))],
  ['an unknown control opcode', frame(0x8b, Buffer.from('a'))],
  ['a ping in fragments', frame(0x09, Buffer.from('a'))],
  ['a ping of 126 bytes', frame(0x89, Buffer.alloc(126))],
  ['a continuation of nothing', frame(0x80, Buffer.from('a'))],
  ['a close of one byte', frame(0x88, Buffer.from([3]))],
  ['a close code that is reserved', frame(0x88, Buffer.from([3, 237]))],
  ['a close code below 1000', frame(0x88, Buffer.from([0, 1]))],
  ['a close reason that is no UTF-8', frame(0x88, Buffer.from([3, 232, 0xc3, 0x28]))],
]);
/** @type {readonly (readonly [string, Record<string, string>])[]} */
const BROKEN_HANDSHAKES = [
  ['an unknown version', { 'sec-websocket-version': '12' }],
  ['no key', { 'sec-websocket-key': '' }],
  ['a key that is too short', { 'sec-websocket-key': 'YQ==' }],
];

/** @type {import('../suite.mjs').Suite} */
export const websocket = {
  name: 'websocket',
  judges: 'RFC 6455 through the tunnel as direct: sizes, fragments, pings, close codes, broken frames',
  limitMs: 300_000,
  run: async (context) => {
    const open = webSocketOpener(context);
    const checks = new Checks();
    const started = performance.now();
    const direct = await transcriptOf(open, context.originPort);
    const directMs = performance.now() - started;
    for (const [who, front] of /** @type {const} */ ([
      ['passthrough', context.passthrough],
      ['signed in', context.signedIn],
    ])) {
      const startedAt = performance.now();
      const through = await transcriptOf(open, front);
      const tookMs = performance.now() - startedAt;
      for (const [step, expected] of direct) {
        const got = through.get(step);
        checks.check(got === expected, `${who}, ${step}: ${got}, direct ${expected}`);
      }
      const allowedMs = MAX_FACTOR * directMs + ALLOWANCE_MS;
      checks.check(
        tookMs <= allowedMs,
        `${who}: took ${tookMs.toFixed(0)} ms, expected at most ${allowedMs.toFixed(0)} ms`,
      );
      checks.notes.push(`${who}: all exchanges in ${tookMs.toFixed(0)} ms, direct ${directMs.toFixed(0)} ms`);
    }
    for (const [who, where] of /** @type {const} */ ([
      ['direct', context.originPort],
      ['passthrough', context.passthrough],
      ['signed in', context.signedIn],
    ]))
      checks.notes.push(
        await roundTrips(open, where).then(
          (text) => `${who}: echo ${text}`,
          (error) => `${who}: no echo, ${error.message}`,
        ),
      );
    const stranger = await shakeHands({ ...context.signedIn, cookie: '' });
    stranger.socket.destroy();
    checks.check(stranger.status === 401, `without a session the handshake got ${stranger.status}, expected 401`);
    return checks.outcome('ws 8.23.0 and raw frames');
  },
};

/**
 * Everything that is tried, with what came of it; a step that breaks says so instead.
 * @param {Open} open
 * @param {Where} where
 * @returns {Promise<Map<string, string>>}
 */
async function transcriptOf(open, where) {
  /** @type {Map<string, string>} */
  const transcript = new Map();
  /**
   * @param {string} step
   * @param {() => Promise<string>} work
   */
  const note = async (step, work) => {
    transcript.set(
      step,
      await work().catch((error) => `broke: ${error instanceof Error ? error.message : String(error)}`),
    );
  };
  for (const size of SIZES)
    for (const isBinary of [true, false])
      await note(`${isBinary ? 'binary' : 'text'} of ${size} bytes`, () =>
        withSocket(open, where, (socket) => echo(socket, payloadOf(size, isBinary), isBinary)),
      );
  await note('a message in 100 fragments', () => withSocket(open, where, fragments));
  await note('1,000 messages in order', () => withSocket(open, where, manyMessages));
  await note('a ping of the client', () => withSocket(open, where, clientPing));
  await note('a ping of the origin', () => withSocket(open, where, originPing));
  for (const code of CLOSE_CODES) {
    await note(`the origin closes with ${code}`, () =>
      withSocket(open, where, (socket) => closeOf(socket, () => socket.send(`close ${code} so be it`))),
    );
    await note(`the client closes with ${code}`, () =>
      withSocket(open, where, (socket) => closeOf(socket, () => socket.close(code, 'so be it'))),
    );
  }
  await note('the origin cuts the connection', () =>
    withSocket(open, where, (socket) => closeOf(socket, () => socket.send('cut now'))),
  );
  for (const [what, bytes] of BROKEN_FRAMES) await note(`broken: ${what}`, () => sendBroken(where, bytes));
  for (const [what, changes] of BROKEN_HANDSHAKES)
    await note(`handshake with ${what}`, async () => {
      const hands = await shakeHands(where, changes);
      hands.socket.destroy();
      return `answered ${hands.status}`;
    });
  await note('a subprotocol', async () => {
    const hands = await shakeHands(where, { 'sec-websocket-protocol': 'chat, superchat' });
    hands.socket.destroy();
    return `${hands.status}, accepted ${hands.isAccepted}, ${/sec-websocket-protocol: (.*)/i.exec(hands.head)?.[1] ?? 'none'}`;
  });
  return transcript;
}

/**
 * @param {Open} open
 * @param {Where} where
 * @param {(socket: WebSocket) => Promise<string>} work
 */
async function withSocket(open, where, work) {
  const socket = await open(where);
  try {
    return await work(socket);
  } finally {
    socket.terminate();
  }
}

/**
 * @template T
 * @param {(resolve: (value: T) => void) => void} listen
 * @returns {Promise<T>}
 */
function within(listen) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(
      () => reject(new Error(`nothing came for ${MESSAGE_TIMEOUT_MS / 1000} s`)),
      MESSAGE_TIMEOUT_MS,
    );
    listen((value) => {
      clearTimeout(timer);
      resolve(value);
    });
  });
}

/**
 * @param {number} size
 * @param {boolean} isBinary
 */
function payloadOf(size, isBinary) {
  const bytes = Buffer.concat([...patternBlocks(size)]);
  return isBinary ? bytes : Buffer.from(bytes.map((byte) => 0x20 + (byte % 0x5f)));
}

/** @param {Buffer} bytes */
function digest(bytes) {
  return `${bytes.length} bytes ${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}`;
}

/**
 * @param {WebSocket} socket
 * @param {Buffer} payload
 * @param {boolean} isBinary
 */
function echo(socket, payload, isBinary) {
  return within((/** @type {(text: string) => void} */ resolve) => {
    socket.once('message', (/** @type {Buffer} */ data, /** @type {boolean} */ binary) =>
      resolve(`${binary ? 'binary' : 'text'} ${digest(data)}`),
    );
    socket.once('close', (/** @type {number} */ code) => resolve(`closed ${code}`));
    socket.send(payload, { binary: isBinary });
  });
}

/** @param {WebSocket} socket */
function fragments(socket) {
  return within((/** @type {(text: string) => void} */ resolve) => {
    socket.once('message', (/** @type {Buffer} */ data) => resolve(digest(data)));
    for (let i = 0; i < 100; i += 1) socket.send(payloadOf(1000 + i, true), { binary: true, fin: i === 99 });
  });
}

/** @param {WebSocket} socket */
function manyMessages(socket) {
  return within((/** @type {(text: string) => void} */ resolve) => {
    let expected = 0;
    socket.on('message', (/** @type {Buffer} */ data) => {
      if (data.toString() !== `message-${expected}`) resolve(`message ${expected} is ${data.toString().slice(0, 40)}`);
      expected += 1;
      if (expected === 1000) resolve('all in order');
    });
    for (let i = 0; i < 1000; i += 1) socket.send(`message-${i}`);
  });
}

/** @param {WebSocket} socket */
function clientPing(socket) {
  return within((/** @type {(text: string) => void} */ resolve) => {
    socket.once('pong', (/** @type {Buffer} */ data) => resolve(`pong ${data.toString()}`));
    socket.ping('are you there');
  });
}

/** @param {WebSocket} socket */
function originPing(socket) {
  return within((/** @type {(text: string) => void} */ resolve) => {
    socket.once('ping', (/** @type {Buffer} */ data) => resolve(`ping ${data.toString()}`));
    socket.send('ping and you');
  });
}

/**
 * @param {WebSocket} socket
 * @param {() => void} begin
 */
function closeOf(socket, begin) {
  return within((/** @type {(text: string) => void} */ resolve) => {
    socket.once('close', (/** @type {number} */ code, /** @type {Buffer} */ reason) =>
      resolve(`closed ${code} ${reason.toString()}`.trim()),
    );
    begin();
  });
}

/**
 * @param {Where} where
 * @param {Buffer} bytes
 */
async function sendBroken(where, bytes) {
  const hands = await shakeHands(where);
  if (hands.status !== 101) {
    hands.socket.destroy();
    return `handshake answered ${hands.status}`;
  }
  hands.socket.write(bytes);
  const { bytes: answer, isClosed } = await hands.rest();
  return `${answer.toString('hex')}, ${isClosed ? 'closed' : 'kept'}`;
}

/**
 * @param {Open} open
 * @param {Where} where
 */
function roundTrips(open, where) {
  return withSocket(open, where, async (socket) => {
    /** @type {number[]} */
    const times = [];
    for (let i = 0; i < ROUND_TRIPS; i += 1) {
      const startedAt = performance.now();
      await echo(socket, Buffer.from('round trip'), false);
      times.push(performance.now() - startedAt);
    }
    return `p50 ${percentileOf(times, 50).toFixed(2)} ms, p99 ${percentileOf(times, 99).toFixed(2)} ms`;
  });
}
