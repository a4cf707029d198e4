import { parseArgs } from 'node:util';

/** An option that cannot be read; the message says what was expected. */
export class UsageError extends Error {}

/**
 * Reads options alone: no command of the project takes anything else.
 * @template {NonNullable<import('node:util').ParseArgsConfig['options']>} T
 * @param {readonly string[]} argv
 * @param {T} options as for parseArgs of node:util
 * @throws {UsageError}
 */
export function readOptions(argv, options) {
  try {
    return parseArgs({ args: [...argv], allowPositionals: false, options }).values;
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : 'options cannot be read');
  }
}

/**
 * The values of an `--only`, which may be given more than once, with one name or several between commas.
 * @template {string} T
 * @param {readonly string[] | undefined} texts
 * @param {readonly T[]} names
 * @param {string} noun what each name is
 * @returns {T[]} empty when none was given
 * @throws {UsageError}
 */
export function readOnly(texts, names, noun) {
  return (texts ?? [])
    .flatMap((text) => text.split(','))
    .map((text) => {
      const name = names.find((one) => one === text);
      if (name === undefined)
        throw new UsageError(`--only "${text}" is no ${noun}, expected one of ${names.join(', ')}`);
      return name;
    });
}
