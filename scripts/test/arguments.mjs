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
  SALLYPORT_CHROMIUM         a Chromium to use instead of the one on PATH
  SALLYPORT_SKIP_BROWSER=1   leave browser specs out (announced, and counted as skipped)`;

/**
 * @param {readonly string[]} args
 * @returns {TestArguments}
 * @throws {Error} naming the argument that is not understood
 */
export function parseTestArguments(args) {
  /** @type {Kind[]} */
  const only = [];
  /** @type {string | undefined} */
  let grep;
  let help = false;
  for (let index = 0; index < args.length; index += 1) {
    const [name, inline] = splitOption(args[index] ?? '');
    if (name === '--help' || name === '-h') {
      help = true;
      continue;
    }
    if (name !== '--only' && name !== '--grep') throw new Error(`unknown argument "${args[index]}"`);
    if (inline === undefined) index += 1;
    const value = inline ?? args[index];
    if (value === undefined || value === '') throw new Error(`${name} needs a value`);
    if (name === '--grep') grep = value;
    else only.push(requireKind(value));
  }
  const byDefault = grep === undefined ? KINDS : KINDS.filter((kind) => kind !== 'checks');
  return { kinds: only.length === 0 ? byDefault : KINDS.filter((kind) => only.includes(kind)), grep, help };
}

/** @param {string} argument */
function splitOption(argument) {
  const equals = argument.indexOf('=');
  return equals === -1 ? [argument] : [argument.slice(0, equals), argument.slice(equals + 1)];
}

/**
 * @param {string} value
 * @returns {Kind}
 */
function requireKind(value) {
  const kind = KINDS.find((one) => one === value);
  if (kind === undefined) throw new Error(`--only "${value}" is not one of ${KINDS.join(', ')}`);
  return kind;
}
