import { aptInstall } from './apt-install.mjs';
import { BootstrapError } from './failure.mjs';
import { findOnPath, isExecutable, logToStderr } from './project.mjs';

/** Programs that playwright-core can drive, in the order they are looked for. */
export const CHROMIUM_NAMES = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'];

/**
 * SALLYPORT_CHROMIUM, else the first of the usual names on PATH. What the variable names is used or refused.
 * @param {{ env?: NodeJS.ProcessEnv }} [options]
 * @returns {string | undefined}
 * @throws {BootstrapError} ERR_BOOTSTRAP_CHROMIUM when SALLYPORT_CHROMIUM is set to something that cannot be run
 */
export function findChromium({ env = process.env } = {}) {
  const named = env.SALLYPORT_CHROMIUM;
  if (named !== undefined && named !== '') {
    if (isExecutable(named)) return named;
    throw new BootstrapError('ERR_BOOTSTRAP_CHROMIUM', 'SALLYPORT_CHROMIUM names no program that can be run', {
      tried: [`${named} is absent or not executable`],
      mend: 'unset SALLYPORT_CHROMIUM',
    });
  }
  for (const name of CHROMIUM_NAMES) {
    const path = findOnPath(name, env);
    if (path !== undefined) return path;
  }
  return undefined;
}

/**
 * Finds Chromium or installs Debian's package. There is no silent way round: without a browser it throws, unless
 * SALLYPORT_SKIP_BROWSER=1, which is announced and makes browser specs skip themselves.
 * @param {import('./apt-install.mjs').Options} [options]
 * @returns {Promise<string | undefined>} the program; undefined only with SALLYPORT_SKIP_BROWSER=1
 * @throws {BootstrapError} ERR_BOOTSTRAP_CHROMIUM, ERR_BOOTSTRAP_APT
 */
export async function ensureChromium(options = {}) {
  const { env = process.env, log = logToStderr } = options;
  if (env.SALLYPORT_SKIP_BROWSER === '1') {
    log('*** SALLYPORT_SKIP_BROWSER=1: browser specs are SKIPPED, this run does not prove the browser journeys ***');
    return undefined;
  }
  const found = findChromium({ env });
  if (found !== undefined) return found;
  await aptInstall(['chromium'], options);
  const installed = findChromium({ env });
  if (installed !== undefined) return installed;
  throw new BootstrapError('ERR_BOOTSTRAP_CHROMIUM', 'the package chromium is installed, but no chromium is on PATH', {
    tried: CHROMIUM_NAMES.map((name) => `PATH: no ${name}`),
    mend: 'export SALLYPORT_CHROMIUM=/path/to/chromium',
  });
}
