import { openSocket } from '../ask.mjs';
import { readCounts } from '../counts.mjs';
import { encodeHead, FLAG, h2Frame, TYPE } from '../http2-frames.mjs';
import { BAD_REQUESTS } from '../http2-requests.mjs';
import { exchangeFrames } from '../http2-session.mjs';
import { forEachAtOnce } from '../raw.mjs';
import { Checks, SuiteUnavailable } from '../suite.mjs';

const AT_ONCE = 8;
/** Lines that the origin would list when a bad field had reached it. */
const FIELD_OF_ROWS = /^(zz|:|y: 2|transfer-encoding)/im;

/** @type {import('../suite.mjs').Suite} */
export const http2Requests = {
  name: 'http2-requests',
  judges: 'malformed HTTP/2 in raw frames: reset, refused or connection ended, nothing at the origin',
  limitMs: 120_000,
  run: async ({ originPort, passthrough, signedIn }) => {
    await requireHttp2(passthrough);
    const checks = new Checks();
    /** @type {Set<string>} */
    const dropped = new Set();
    for (const [where, front] of /** @type {const} */ ([
      ['passthrough', passthrough],
      ['sign-in', signedIn],
    ])) {
      const before = await readCounts(originPort);
      const heads = BAD_REQUESTS.filter(({ isBody, mayBeDropped }) => isBody !== true && mayBeDropped !== true);
      await forEachAtOnce(heads, AT_ONCE, (row) => refuse({ checks, dropped }, row, where, front));
      const reached = (await readCounts(originPort)).requests - before.requests;
      checks.check(reached === 0, `${where}: ${reached} requests reached the origin, expected none`);
      const bodies = BAD_REQUESTS.filter(({ isBody, mayBeDropped }) => isBody === true || mayBeDropped === true);
      await forEachAtOnce(bodies, AT_ONCE, (row) => refuse({ checks, dropped }, row, where, front));
      await checks.attempt(`${where}: an unknown frame is ignored`, () => ignoreUnknown(front));
    }
    if (dropped.size > 0)
      checks.notes.push(
        `explained, served without the field, which the library of Node.js (nghttp2) drops before anyone sees it: ${[...dropped].join(', ')}`,
      );
    checks.notes.push(`${BAD_REQUESTS.length} rows, each on a connection of its own to both apps`);
    return checks.outcome('own frames');
  },
};

/**
 * @param {import('../world.mjs').Front} front
 * @throws {SuiteUnavailable}
 */
export async function requireHttp2(front) {
  const socket = /** @type {import('node:tls').TLSSocket} */ (await openSocket(front, { alpn: ['h2', 'http/1.1'] }));
  const isOffered = socket.alpnProtocol === 'h2';
  socket.destroy();
  if (!isOffered) throw new SuiteUnavailable('the ingress does not offer h2 in its TLS handshake');
}

/**
 * @param {{ checks: Checks, dropped: Set<string> }} found
 * @param {import('../http2-requests.mjs').BadFrames} row
 * @param {string} where
 * @param {import('../world.mjs').Front} front
 */
async function refuse({ checks, dropped }, row, where, front) {
  const isEnough = (/** @type {import('../http2-session.mjs').Seen} */ seen) =>
    row.isConnection === true
      ? seen.goAway !== undefined
      : seen.goAway !== undefined || seen.resets.has(1) || seen.answers.get(1) === false || seen.isEnded;
  const seen = await exchangeFrames(front, row.frames(`${front.host}:${front.port}`), { isEnough });
  const isServed = seen.answers.get(1) === true;
  const isEnded = seen.isClosed || (seen.goAway ?? 0) !== 0;
  const isRefused = isEnded || (row.isConnection !== true && (seen.resets.has(1) || seen.answers.get(1) === false));
  if (row.mayBeDropped === true && isServed && !FIELD_OF_ROWS.test(seen.body)) {
    checks.passed += 1;
    dropped.add(row.what);
    return;
  }
  const got = isServed ? 'served' : (verdictOf(seen) ?? 'nothing came');
  checks.check(
    isRefused && !isServed,
    `${where}, ${row.what}: ${got}, expected ${row.isConnection === true ? 'the connection to end' : 'a refusal'} (${row.source})`,
  );
}

/** @param {import('../http2-session.mjs').Seen} seen */
function verdictOf({ goAway, resets, isClosed }) {
  if (goAway !== undefined) return `GOAWAY ${goAway}`;
  if (resets.size > 0) return `RST_STREAM ${[...resets.values()].join(', ')}`;
  return isClosed ? 'closed' : undefined;
}

/** @param {import('../world.mjs').Front} front */
async function ignoreUnknown(front) {
  const head = encodeHead({ authority: `${front.host}:${front.port}`, path: '/small' });
  const frames = [
    h2Frame(TYPE.unknown, 0xff, 0, Buffer.from('ignore me')),
    h2Frame(TYPE.headers, FLAG.endHeaders | FLAG.endStream, 1, head),
    h2Frame(TYPE.ping, 0, 0, Buffer.alloc(8, 7)),
  ];
  const seen = await exchangeFrames(front, frames, {
    isEnough: ({ answers, pings }) => answers.has(1) && pings.has(7),
  });
  if (!seen.answers.has(1) || !seen.pings.has(7))
    throw new Error(`the request behind it was not served: ${verdictOf(seen)}`);
}
