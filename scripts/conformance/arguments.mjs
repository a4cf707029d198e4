import { parseArgs } from 'node:util';
import { UsageError } from '../bench/arguments.mjs';

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
  const values = read(argv);
  if (values.help === true) return { help: true };
  const only = (values.only ?? []).flatMap((text) => text.split(','));
  for (const name of only) {
    if (!suites.includes(name))
      throw new UsageError(`--only "${name}" is no suite, expected one of ${suites.join(', ')}`);
  }
  const idle = values['idle-seconds'];
  const idleSeconds = idle === undefined ? DEFAULT_IDLE_SECONDS : Number(idle);
  if (!Number.isInteger(idleSeconds) || idleSeconds < 1 || idleSeconds > MAX_IDLE_SECONDS)
    throw new UsageError(`--idle-seconds "${idle}" is no time, expected 1 to ${MAX_IDLE_SECONDS}`);
  return { jsonFile: values.json, writesDocument: values.document === true, only, idleSeconds };
}

/** @param {readonly string[]} argv */
function read(argv) {
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: false,
      options: {
        json: { type: 'string' },
        document: { type: 'boolean' },
        only: { type: 'string', multiple: true },
        'idle-seconds': { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : 'options cannot be read');
  }
}
