import { join } from 'node:path';
import { fetchFromDebian } from './debian-package.mjs';
import { findOrFetchTool } from './fetched-tool.mjs';
import { installWithGo } from './go-install.mjs';
import { inspectNatsServer, MIN_NATS_SERVER_VERSION, PINNED_NATS_SERVER_VERSION } from './nats-server-version.mjs';
import { fetchRelease, RELEASES_URL, releaseFolder } from './release-archive.mjs';

const NAME = 'nats-server';
const MODULE = `github.com/nats-io/nats-server/v2@v${PINNED_NATS_SERVER_VERSION}`;

/** @type {Readonly<Record<string, import('./fetched-tool.mjs').Fetcher>>} */
export const FETCHERS = {
  'debian package': (place) => fetchFromDebian({ ...place, name: NAME }),
  'go install': (place) => installWithGo({ ...place, name: NAME, module: MODULE }),
  'official release': fetchRelease,
};

/**
 * Without it nothing runs: the hub is one, and so is every connector's leaf.
 * @param {import('./fetched-tool.mjs').Options & { fetchers?: typeof FETCHERS }} [options]
 * @throws {import('./failure.mjs').BootstrapError} ERR_BOOTSTRAP_NATS_SERVER
 */
export function findOrFetchNatsServer({ fetchers = FETCHERS, ...options } = {}) {
  return findOrFetchTool(
    {
      name: NAME,
      wanted: `nats-server ${MIN_NATS_SERVER_VERSION} or newer`,
      variable: 'SALLYPORT_NATS_SERVER',
      errorCode: 'ERR_BOOTSTRAP_NATS_SERVER',
      inspect: inspectNatsServer,
      fetchers,
      mend: mendCommand,
    },
    options,
  );
}

/**
 * @param {string} root
 * @returns {string} works wherever the releases can be reached, with whatever proxy curl is given
 */
function mendCommand(root) {
  const url = `${RELEASES_URL}/v${PINNED_NATS_SERVER_VERSION}/${releaseFolder()}.tar.gz`;
  return `curl -fsSL ${url} | tar -xzf - --strip-components=1 -C ${join(root, '.tools')} ${releaseFolder()}/nats-server`;
}
