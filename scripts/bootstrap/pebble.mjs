import { join } from 'node:path';
import { fetchFromDebian } from './debian-package.mjs';
import { findOrFetchTool } from './fetched-tool.mjs';
import { installWithGo } from './go-install.mjs';
import { isExecutable } from './project.mjs';
import { lastWords, runCommand } from './run-command.mjs';

/** The version compiled when Debian's package cannot be had; tried with every spec that uses it. */
export const PINNED_PEBBLE_VERSION = '2.10.1';

const NAME = 'pebble';
const MODULE = `github.com/letsencrypt/pebble/v2/cmd/pebble@v${PINNED_PEBBLE_VERSION}`;
const VERSION_TIMEOUT_MS = 10_000;

/** Compiling took 20 to 40 s on two processors; specs that may be skipped are not waited for as long as a hub. */
const GO_INSTALL_TIMEOUT_MS = 5 * 60_000;

/**
 * No official release: its archives come without checksums.
 * @type {Readonly<Record<string, import('./fetched-tool.mjs').Fetcher>>}
 */
export const FETCHERS = {
  'debian package': (place) => fetchFromDebian({ ...place, name: NAME }),
  'go install': (place) => installWithGo({ ...place, name: NAME, module: MODULE, timeoutMs: GO_INSTALL_TIMEOUT_MS }),
};

/**
 * Let's Encrypt's test server, for the specs of the ingress's certificates.
 * @param {import('./fetched-tool.mjs').Options & { fetchers?: typeof FETCHERS }} [options]
 * @throws {import('./failure.mjs').BootstrapError} ERR_BOOTSTRAP_PEBBLE
 */
export function findOrFetchPebble({ fetchers = FETCHERS, ...options } = {}) {
  return findOrFetchTool(
    {
      name: NAME,
      wanted: NAME,
      variable: 'SALLYPORT_PEBBLE',
      errorCode: 'ERR_BOOTSTRAP_PEBBLE',
      inspect: inspectPebble,
      fetchers,
      mend: (root) => `GOBIN=${join(root, '.tools')} go install ${MODULE}`,
    },
    options,
  );
}

/**
 * One that does not know `-version` (2.4 of Debian 12) asks its name server over UDP, which the specs do not speak.
 * @param {string} path
 * @returns {Promise<import('./fetched-tool.mjs').Inspection>}
 */
async function inspectPebble(path) {
  if (!isExecutable(path)) return { ok: false, reason: `${path} is absent or not executable` };
  const result = await runCommand(path, ['-version'], { timeoutMs: VERSION_TIMEOUT_MS }).catch((error) => error);
  if (result instanceof Error) return { ok: false, reason: `${path} could not be started: ${result.message}` };
  // Compiled from source it calls itself "dev", whatever it was compiled from.
  const version = /Pebble version:\s*(\S+)/.exec(`${result.stdout}\n${result.stderr}`)?.[1];
  if (result.code === 0 && version !== undefined) return { ok: true, path, version };
  return { ok: false, reason: `${path} -version did not answer as a pebble after 2.4: ${lastWords(result, 1)}` };
}
