import { readOnly, readOptions, UsageError } from '../bootstrap/options.mjs';

export const DEFAULT_ROUNDS = 3;
export const MAX_ROUNDS = 50;

/** What `--only` takes; each stands for the cases that begin with it. */
export const CASE_GROUPS = [
  'get-1kib-1',
  'get-1kib-32',
  'get-1kib-256',
  'websocket-echo',
  'sse-delay',
  'download',
  'upload',
  'overload',
  'memory-at-rest',
  'decision-latency',
  'decision-cached',
  'decision-uncached',
  'sign-in-flows',
  'revocation',
  'idle-websockets',
  'many-connectors',
  'many-apps',
  'transfer-10gb',
];

export const USAGE = `usage: npm run bench [-- options]

Measures, side by side on this machine: the origin direct, nginx in front of ssh -R, Sallyport passthrough and signed in.

  --json FILE     also write the numbers to FILE
  --rounds N      alternating rounds, 1 to ${MAX_ROUNDS} (default ${DEFAULT_ROUNDS}; quote numbers of 5 or more)
  --only CASE     only this case; may be repeated: ${CASE_GROUPS.slice(0, 7).join(', ')},
                  ${CASE_GROUPS.slice(7, 14).join(', ')},
                  ${CASE_GROUPS.slice(14).join(', ')}
  --all           with the slow cases: idle-websockets, many-connectors, many-apps
  --long          with transfer-10gb
  --quick         one short round with small transfers: shows that it works, not how fast
  --help          print this text

Exit code 0: everything measured or missing; 1: a target failed or its numbers are invalid; 2: usage; 69: cannot run.
`;

/**
 * @typedef {object} BenchOptions
 * @property {string | undefined} jsonFile
 * @property {number} rounds
 * @property {readonly string[]} only empty means every case
 * @property {boolean} isQuick
 * @property {boolean} isAll with the slow cases
 * @property {boolean} isLong with transfers of 10 GB
 */

/**
 * @param {readonly string[]} argv
 * @returns {BenchOptions | { help: true }}
 * @throws {UsageError}
 */
export function parseBenchArguments(argv) {
  const values = readOptions(argv, {
    json: { type: 'string' },
    rounds: { type: 'string' },
    only: { type: 'string', multiple: true },
    quick: { type: 'boolean' },
    all: { type: 'boolean' },
    long: { type: 'boolean' },
    help: { type: 'boolean', short: 'h' },
  });
  if (values.help === true) return { help: true };
  const isQuick = values.quick === true;
  const only = readOnly(values.only, CASE_GROUPS, 'case');
  const rounds = parseRounds(values.rounds, isQuick ? 1 : DEFAULT_ROUNDS);
  return { jsonFile: values.json, rounds, only, isQuick, isAll: values.all === true, isLong: values.long === true };
}

/**
 * @param {string | undefined} text
 * @param {number} defaultRounds
 */
function parseRounds(text, defaultRounds) {
  if (text === undefined) return defaultRounds;
  const rounds = Number(text);
  if (/^\d+$/.test(text) && rounds >= 1 && rounds <= MAX_ROUNDS) return rounds;
  throw new UsageError(`--rounds "${text}" is not a number of rounds, expected 1 to ${MAX_ROUNDS}`);
}
