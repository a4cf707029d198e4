import { readCounts } from '../counts.mjs';
import { exchangeRaw, forEachAtOnce } from '../raw.mjs';
import { loadMalformedRequests } from '../seeds.mjs';
import { Checks } from '../suite.mjs';

const AT_ONCE = 8;
/** Longer than the ingress waits for the rest of a head. */
const DEADLINE_MS = 15_000;
/** One TLS record: of a longer body what is wrong may still be on its way when the head is answered. */
const RECORD_BYTES = 16_384;

/** @type {import('../suite.mjs').Suite} */
export const malformedRequests = {
  name: 'malformed-requests',
  judges: 'our table of requests that proxies disagree on, over TLS, with and without sign-in',
  limitMs: 180_000,
  run: async ({ originPort, passthrough, signedIn }) => {
    const rows = await loadMalformedRequests();
    const checks = new Checks();
    const guarded = { ...signedIn, cookie: '' };
    for (const [where, front] of /** @type {const} */ ([
      ['passthrough', passthrough],
      ['sign-in', guarded],
    ])) {
      const before = await readCounts(originPort);
      const heads = rows.filter(({ isBody }) => isBody !== true);
      await forEachAtOnce(heads, AT_ONCE, (row) => refuse(checks, row, where, front));
      const after = await readCounts(originPort);
      checks.check(
        after.requests === before.requests,
        `${where}: ${after.requests - before.requests} requests reached the origin, expected none`,
      );
      const bodies = rows.filter(({ isBody }) => isBody === true);
      await forEachAtOnce(bodies, AT_ONCE, (row) => refuse(checks, row, where, front));
      const last = await readCounts(originPort);
      checks.check(last.malformed === before.malformed, `${where}: the origin was sent what it could not parse`);
    }
    checks.notes.push(
      `${rows.length} rows, each sent to both apps with a second request behind it that must not be answered`,
    );
    return checks.outcome('spec/conformance');
  },
};

/**
 * @param {Checks} checks
 * @param {import('../seeds.mjs').MalformedRequest} row
 * @param {string} where
 * @param {import('../world.mjs').Front} front
 */
async function refuse(checks, row, where, front) {
  const host = `${front.host}:${front.port}`;
  const bytes = `${row.bytes(host)}GET /smuggled HTTP/1.1\r\nHost: ${host}\r\n\r\n`;
  const { statuses, isClosed, text } = await exchangeRaw(front, bytes, { deadlineMs: DEADLINE_MS });
  const [status] = statuses;
  const mayAnswerEarly = where === 'sign-in' && row.isBody === true && bytes.length > RECORD_BYTES;
  const isRight =
    statuses.length === 1 &&
    status !== undefined &&
    (row.statuses.includes(status) || (status === 401 && mayAnswerEarly)) &&
    isClosed &&
    /connection: close/i.test(text);
  const sent = JSON.stringify(row.bytes(host)).slice(0, 160);
  checks.check(
    isRight,
    `${where}, ${row.what}: answered ${statuses.join(', ') || 'nothing'}${isClosed ? '' : ', connection kept'}, expected ${row.statuses.join(' or ')} and a closed connection (${row.source}); sent ${sent}`,
  );
}
