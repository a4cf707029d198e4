import fc from 'fast-check';
import { readCounts } from '../counts.mjs';
import { exchangeRaw, forEachAtOnce } from '../raw.mjs';
import { loadLegalRequests, loadMalformedRequests } from '../seeds.mjs';
import { Checks } from '../suite.mjs';

const CASES = 4_000;
const BATCH = 64;
const AT_ONCE = 32;
/** Many mutated requests are incomplete: the rest never comes, and nobody waits for it here. */
const PATIENCE_MS = 250;
const MAX_SEED_BYTES = 2_000;
const MAX_MUTATIONS = 4;
/** Too short to double a whole request, which would then rightly be two. */
const MAX_DOUBLED_BYTES = 16;
const HOSTILE = [
  '\r',
  '\n',
  '\r\n',
  '\0',
  ' ',
  '\t',
  ':',
  ',',
  ';',
  '"',
  '\\',
  '%',
  '#',
  '?',
  '/',
  '..',
  '\x0b',
  '\x7f',
  '\x85',
  '\xff',
  '0',
  '1',
  '-',
  '+',
  '0x',
  'a',
  'chunked',
  'Content-Length: 1\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Host: x\r\n',
  'Connection: Content-Length\r\n',
  'Expect: 100-continue\r\n',
  'Upgrade: h2c\r\n',
  'X-Forwarded-For: 1\r\n',
];
/** Statuses above 500 by which the ingress refuses what it understood. */
const REFUSALS = new Set([501, 505]);

const mutation = fc.record({
  kind: fc.constantFrom('delete', 'double', 'insert', 'replace', 'swap', 'flip'),
  /** Without the bias to the ends: the first byte is broken often enough. */
  at: fc.noBias(fc.integer({ min: 0, max: 9_999 })),
  length: fc.integer({ min: 1, max: MAX_DOUBLED_BYTES }),
  token: fc.constantFrom(...HOSTILE),
  bit: fc.integer({ min: 0, max: 7 }),
});

/** @type {import('../suite.mjs').Suite} */
export const mutations = {
  name: 'mutations',
  judges: 'fast-check mutations of malformed and legal requests: no crash, no 5xx, at most one request at the origin',
  limitMs: 240_000,
  run: async ({ originPort, passthrough }) => {
    const host = `${passthrough.host}:${passthrough.port}`;
    const [malformed, legal] = [await loadMalformedRequests(), await loadLegalRequests()].map((rows) =>
      rows
        .map(({ bytes }) => bytes(host))
        // A request inside a body becomes a rightful one of its own when its length is mutated away.
        .filter((bytes) => bytes.length <= MAX_SEED_BYTES && !bytes.includes('/smuggled')),
    );
    const seeds = [...(malformed ?? []), ...(legal ?? [])];
    const seed = Date.now() % 2 ** 31;
    const generated = fc.sample(
      fc.tuple(
        fc.oneof(fc.constantFrom(...(malformed ?? [])), fc.constantFrom(...(legal ?? []))),
        fc.array(mutation, { minLength: 1, maxLength: MAX_MUTATIONS, size: 'small' }),
      ),
      { numRuns: CASES, seed },
    );
    const cases = generated.map(([bytes, steps]) => steps.reduce(mutate, bytes));
    const checks = new Checks();
    /** @type {Map<string, number>} */
    const answers = new Map();
    const first = await readCounts(originPort);
    for (let from = 0; from < cases.length; from += BATCH) {
      const batch = cases.slice(from, from + BATCH);
      const before = await readCounts(originPort);
      await forEachAtOnce(batch, AT_ONCE, async (bytes) => {
        const answer = await exchangeRaw(passthrough, bytes, { deadlineMs: PATIENCE_MS }).catch(() => undefined);
        if (answer === undefined) {
          checks.fail(`no connection for ${JSON.stringify(bytes).slice(0, 300)}`);
          return;
        }
        const kind = answer.statuses.join(', ') || (answer.isClosed ? 'closed' : 'waits');
        answers.set(kind, (answers.get(kind) ?? 0) + 1);
        const problem = problemOf(answer);
        checks.check(problem === undefined, `${problem}: ${JSON.stringify(bytes).slice(0, 300)}`);
      });
      const after = await readCounts(originPort);
      const reached = after.requests - before.requests;
      if (reached > batch.length) checks.fail(`${reached} requests reached the origin for ${batch.length} sent`);
    }
    const last = await readCounts(originPort);
    checks.check(
      last.malformed === first.malformed,
      `the origin could not parse ${last.malformed - first.malformed} requests`,
    );
    checks.notes.push(`${cases.length} cases from ${seeds.length} seeds, fast-check seed ${seed}`);
    checks.notes.push(
      `answers: ${[...answers]
        .sort((a, b) => b[1] - a[1])
        .map(([kind, count]) => `${kind} ${count} times`)
        .join('; ')}`,
    );
    checks.notes.push(`${last.requests - first.requests} of them reached the origin`);
    return checks.outcome(`fast-check ${fc.__version}`);
  },
};

/**
 * @param {import('../raw.mjs').RawAnswer} answer
 * @returns {string | undefined}
 */
function problemOf({ text, statuses }) {
  const bad = statuses.find((status) => status >= 500 && !REFUSALS.has(status));
  if (bad !== undefined) return `answered ${bad}`;
  if (text !== '' && !text.startsWith('HTTP/1.1 ')) return 'answered something that is not HTTP';
  return statuses.filter((status) => status < 300).length > 1 ? 'answered twice' : undefined;
}

/**
 * @param {string} bytes
 * @param {{ kind: string, at: number, length: number, token: string, bit: number }} step
 * @returns {string}
 */
function mutate(bytes, { kind, at, length, token, bit }) {
  const index = Math.floor((at * bytes.length) / 10_000);
  const before = bytes.slice(0, index);
  const piece = bytes.slice(index, index + length);
  const after = bytes.slice(index + length);
  switch (kind) {
    case 'delete':
      return before + after;
    case 'double':
      return before + piece + piece + after;
    case 'replace':
      return before + token + after;
    case 'swap':
      return before + piece.split('').reverse().join('') + after;
    case 'flip':
      return before + String.fromCharCode((bytes.charCodeAt(index) || 0) ^ (1 << bit)) + bytes.slice(index + 1);
    default:
      return before + token + bytes.slice(index);
  }
}
