import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { reasonOf } from './failure.mjs';
import { PINNED_NATS_SERVER_VERSION } from './nats-server-version.mjs';
import { requireCommand } from './run-command.mjs';

/** Where the project publishes its releases. */
export const RELEASES_URL = 'https://github.com/nats-io/nats-server/releases/download';

/** An archive is about 7 MB; anything far beyond is not one. */
export const MAX_ARCHIVE_BYTES = 64 * 1024 * 1024;
const MAX_SUMS_BYTES = 64 * 1024;
const DOWNLOAD_TIMEOUT_MS = 120_000;
const UNPACK_TIMEOUT_MS = 60_000;

/**
 * Downloads the official archive of this platform and unpacks it only after its SHA-256 matched the release's
 * SHA256SUMS.
 * @param {{ workFolder: string, env: NodeJS.ProcessEnv, releasesUrl?: string }} options
 * @returns {Promise<string>} path of the program inside workFolder
 */
export async function fetchRelease({ workFolder, env, releasesUrl = RELEASES_URL }) {
  const folder = releaseFolder();
  const base = `${releasesUrl}/v${PINNED_NATS_SERVER_VERSION}`;
  const sums = (await download(`${base}/SHA256SUMS`, MAX_SUMS_BYTES)).toString('utf8');
  const expected = checksumOf(sums, `${folder}.tar.gz`);
  if (expected === undefined) throw new Error(`${base}/SHA256SUMS names no ${folder}.tar.gz`);
  const archive = await download(`${base}/${folder}.tar.gz`, MAX_ARCHIVE_BYTES);
  const actual = createHash('sha256').update(archive).digest('hex');
  if (actual !== expected) throw new Error(`${folder}.tar.gz has SHA-256 ${actual}, expected ${expected}`);
  const path = join(workFolder, 'release.tar.gz');
  writeFileSync(path, archive);
  const unpack = ['-xzf', path, '-C', workFolder, `${folder}/nats-server`];
  await requireCommand('tar', unpack, { timeoutMs: UNPACK_TIMEOUT_MS, env });
  return join(workFolder, folder, 'nats-server');
}

/** @returns {string} the archive's name without its extension, as the project names it */
export function releaseFolder(platform = process.platform, arch = process.arch) {
  const cpu = { x64: 'amd64', arm64: 'arm64', arm: 'arm7' }[/** @type {string} */ (arch)] ?? arch;
  return `nats-server-v${PINNED_NATS_SERVER_VERSION}-${platform}-${cpu}`;
}

/**
 * @param {string} sums lines of `<hex>  <file>`
 * @param {string} file
 * @returns {string | undefined}
 */
export function checksumOf(sums, file) {
  for (const line of sums.split('\n')) {
    const match = /^([0-9a-f]{64})\s+\*?(\S+)$/.exec(line.trim());
    if (match?.[2] === file) return match[1];
  }
  return undefined;
}

/**
 * @param {string} url
 * @param {number} maxBytes
 * @returns {Promise<Buffer>}
 */
async function download(url, maxBytes) {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(DOWNLOAD_TIMEOUT_MS) });
    if (!response.ok || response.body === null) throw new Error(`answered ${response.status}`);
    const chunks = [];
    let bytes = 0;
    for await (const chunk of response.body) {
      bytes += chunk.length;
      if (bytes > maxBytes) throw new Error(`is larger than ${maxBytes} bytes`);
      chunks.push(chunk);
    }
    return Buffer.concat(chunks);
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? `: ${reasonOf(error.cause)}` : '';
    throw new Error(`${url} ${reasonOf(error)}${cause}`, { cause: error });
  }
}
