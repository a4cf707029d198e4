import { readOnly, readOptions, UsageError } from '../bootstrap/options.mjs';

/** What `--only` may name, in the order of a full run. */
export const KINDS = /** @type {const} */ (['checks', 'unit', 'broker', 'journey']);

/** @typedef {typeof KINDS[number]} Kind */
/** @typedef {{ kinds: readonly Kind[], grep: string | undefined, help: boolean }} TestArguments */

export const USAGE = `usage: npm test -- [--only KIND]... [--grep TEXT]

  --only KIND   run one kind alone: ${KINDS.join(', ')} (may be repeated; default: all)
  --grep TEXT   run the specs whose title contains TEXT; leaves the checks out unless --only checks

environment
  SALLYPORT_NATS_SERVER      a nats-server to use instead of the one found or fetched
  SALLYPORT_PEBBLE           an ACME server (pebble) to use instead; without any, its specs are skipped
  SALLYPORT_KERBEROS         a folder with the programs of a Kerberos realm; without any, its specs are skipped
  SALLYPORT_CHROMIUM         a Chromium to use instead of the one on PATH
  SALLYPORT_SKIP_BROWSER=1   leave browser specs out (announced, and counted as skipped)`;

/**
 * @param {readonly string[]} args
 * @returns {TestArguments}
 * @throws {UsageError} naming the argument that is not understood
 */
export function parseTestArguments(args) {
  const values = readOptions(args, {
    only: { type: 'string', multiple: true },
    grep: { type: 'string' },
    help: { type: 'boolean', short: 'h' },
  });
  const { grep, help = false } = values;
  if (grep === '') throw new UsageError('--grep needs a value');
  const only = readOnly(values.only, KINDS, 'kind');
  const byDefault = grep === undefined ? KINDS : KINDS.filter((kind) => kind !== 'checks');
  return { kinds: only.length === 0 ? byDefault : KINDS.filter((kind) => only.includes(kind)), grep, help };
}
