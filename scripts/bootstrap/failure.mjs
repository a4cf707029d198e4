/**
 * A step of the bootstrap that could not be done. `tried` says what was attempted and why each attempt failed, `mend`
 * is the one command that puts it right. Shown to the person at the terminal, so it holds no secret.
 */
export class BootstrapError extends Error {
  /**
   * @param {string} code `ERR_BOOTSTRAP_<WHAT>`
   * @param {string} message lower case, names the thing and what was expected
   * @param {{ tried?: readonly string[], mend: string, cause?: unknown }} options
   */
  constructor(code, message, { tried = [], mend, cause }) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'BootstrapError';
    this.code = code;
    this.tried = tried;
    this.mend = mend;
  }
}

/**
 * The text a person sees: what is missing, what was tried, one command.
 * @param {unknown} error
 * @returns {string}
 */
export function describeFailure(error) {
  if (!(error instanceof BootstrapError))
    return error instanceof Error ? (error.stack ?? error.message) : String(error);
  const tried = error.tried.map((line) => `  - ${line}`);
  return [`${error.message} (${error.code})`, ...tried, `to mend it: ${error.mend}`].join('\n');
}

/**
 * @param {unknown} error
 * @returns {string} the message alone, for a line of a longer list
 */
export function reasonOf(error) {
  return error instanceof Error ? error.message : String(error);
}

/**
 * @param {unknown} error
 * @param {string} code for example `ENOENT`
 * @returns {boolean}
 */
export function hasCode(error, code) {
  return error instanceof Error && 'code' in error && error.code === code;
}
