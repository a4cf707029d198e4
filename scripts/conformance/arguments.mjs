import { readOnly, readOptions, UsageError } from '../bootstrap/options.mjs';

export const DEFAULT_IDLE_SECONDS = 300;
const MAX_IDLE_SECONDS = 3 * 3600;

/** @param {readonly string[]} suites */
export const usageOf = (suites) => `usage: npm run conformance [-- options]

Starts the whole system and runs the outside suites that judge it, against an app that echoes.

  --json FILE         also write the results to FILE
  --document          write them into docs/conformance.md
  --only SUITE        only this suite; may be repeated: ${suites.join(', ')}
  --idle-seconds N    how long the idle WebSockets stay idle (default ${DEFAULT_IDLE_SECONDS}, at most ${MAX_IDLE_SECONDS})
  --help              print this text

H1SPEC=FILE names the file of h1spec. Exit code 0: everything that ran passed; 1: something failed; 2: usage;
69: cannot run.
`;

/**
 * @typedef {object} Options
 * @property {string | undefined} jsonFile
 * @property {boolean} writesDocument
 * @property {readonly string[]} only empty means every suite
 * @property {number} idleSeconds
 */

/**
 * @param {readonly string[]} argv
 * @param {readonly string[]} suites
 * @returns {Options | { help: true }}
 * @throws {UsageError}
 */
export function parseConformanceArguments(argv, suites) {
  const values = readOptions(argv, {
    json: { type: 'string' },
    document: { type: 'boolean' },
    only: { type: 'string', multiple: true },
    'idle-seconds': { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  });
  if (values.help === true) return { help: true };
  const only = readOnly(values.only, suites, 'suite');
  const idle = values['idle-seconds'];
  const idleSeconds = idle === undefined ? DEFAULT_IDLE_SECONDS : Number(idle);
  if (!Number.isInteger(idleSeconds) || idleSeconds < 1 || idleSeconds > MAX_IDLE_SECONDS)
    throw new UsageError(`--idle-seconds "${idle}" is no time, expected 1 to ${MAX_IDLE_SECONDS}`);
  return { jsonFile: values.json, writesDocument: values.document === true, only, idleSeconds };
}
