import { createHash } from 'node:crypto';
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, extname, join, relative } from 'node:path';
import { BootstrapError, hasCode } from './failure.mjs';
import { withFileLock } from './file-lock.mjs';
import { lockPath, logToStderr, PROJECT_ROOT } from './project.mjs';
import { howItEnded, lastWords, runCommand } from './run-command.mjs';

export const BUILD_TIMEOUT_MS = 5 * 60_000;

const SOURCE_FOLDERS = ['libs', 'services', 'broker', 'scripts'];
const SETTINGS = ['package.json', 'package-lock.json', 'tsconfig.json', 'tsconfig.build.json'];

/** Files beside the sources that a running service reads; everything else in those folders is for people. */
const ASSET_TYPES = new Set(['.html', '.css', '.json', '.svg', '.png', '.ico', '.conf', '.txt']);

/** Files of dist that belong to the build itself. */
const OWN_FILES = new Set(['.stamp', '.tsbuildinfo']);

/**
 * Compiles into dist/ when a source's name, size or time of change differs from the last build. Also copies assets and
 * removes what no source stands behind any more.
 * @param {{ root?: string, log?: import('./project.mjs').Log, env?: NodeJS.ProcessEnv, timeoutMs?: number }} [options]
 * @returns {Promise<'current' | 'built'>}
 * @throws {BootstrapError} ERR_BOOTSTRAP_BUILD, with the compiler's own words; nothing is stamped, so the next start
 * builds again
 */
export async function ensureBuilt(options = {}) {
  const { root = PROJECT_ROOT, log = logToStderr, env = process.env, timeoutMs = BUILD_TIMEOUT_MS } = options;
  if (readStamp(root) === sourceHash(listSources(root))) return 'current';
  const onWait = (/** @type {string} */ owner) => log(`waiting for process ${owner}, which is building`);
  return withFileLock(lockPath(root, 'build'), { maxWaitMs: timeoutMs, onWait }, async () => {
    // Taken before compiling: a source saved meanwhile makes the next start build again instead of being missed.
    const sources = listSources(root);
    const wanted = sourceHash(sources);
    if (readStamp(root) === wanted) return 'current';
    const startedAt = Date.now();
    rmSync(stampPath(root), { force: true });
    await compile({ root, env, timeoutMs });
    copyAssets(root, sources);
    removeOrphans(root);
    mkdirSync(join(root, 'dist'), { recursive: true });
    writeFileSync(stampPath(root), wanted);
    log(`built in ${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
    return 'built';
  });
}

/** @typedef {{ path: string, sizeBytes: number, changedAtMs: number }} Source */

/**
 * @param {string} root
 * @returns {Source[]} by path relative to root
 */
export function listSources(root) {
  const files = SOURCE_FOLDERS.flatMap((folder) => listFiles(join(root, folder)));
  const wanted = files.filter((path) => path.endsWith('.ts') || isAsset(relative(root, path)));
  return [...wanted, ...SETTINGS.map((name) => join(root, name))].sort().flatMap((path) => {
    const stat = statSync(path, { throwIfNoEntry: false });
    return stat === undefined ? [] : [{ path: relative(root, path), sizeBytes: stat.size, changedAtMs: stat.mtimeMs }];
  });
}

/** @param {readonly Source[]} sources */
function sourceHash(sources) {
  const hash = createHash('sha256');
  for (const { path, sizeBytes, changedAtMs } of sources) hash.update(`${path}\0${sizeBytes}\0${changedAtMs}\n`);
  return hash.digest('hex');
}

/** @param {string} path relative to the project */
function isAsset(path) {
  return /^(services\/[^/]+\/src|libs\/[^/]+\/src|broker)\//.test(path) && ASSET_TYPES.has(extname(path));
}

/** @param {{ root: string, env: NodeJS.ProcessEnv, timeoutMs: number }} options */
async function compile({ root, env, timeoutMs }) {
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc');
  const args = [compiler, '-p', 'tsconfig.build.json', '--pretty', 'false'];
  const result = await runCommand(process.execPath, args, { cwd: root, env, timeoutMs });
  if (result.code === 0 && !result.timedOut) return;
  throw new BootstrapError('ERR_BOOTSTRAP_BUILD', `the TypeScript compiler ${howItEnded(result, timeoutMs)}`, {
    tried: [lastWords(result, 20)],
    mend: `cd ${root} && npm run typecheck`,
  });
}

/**
 * @param {string} root
 * @param {readonly Source[]} sources
 */
function copyAssets(root, sources) {
  for (const { path } of sources.filter((source) => isAsset(source.path))) {
    const target = join(root, 'dist', path);
    mkdirSync(dirname(target), { recursive: true });
    copyFileSync(join(root, path), target);
  }
}

/** @param {string} root */
function removeOrphans(root) {
  const dist = join(root, 'dist');
  for (const file of listFiles(dist)) {
    const path = relative(dist, file);
    if (OWN_FILES.has(path)) continue;
    const source = path.replace(/\.js(\.map)?$/, '.ts');
    const hasSource = [path, source].some((one) => statSync(join(root, one), { throwIfNoEntry: false }) !== undefined);
    if (!hasSource) rmSync(file);
  }
}

/**
 * @param {string} folder
 * @returns {string[]}
 */
function listFiles(folder) {
  try {
    return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
      const path = join(folder, entry.name);
      if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : listFiles(path);
      return entry.isFile() ? [path] : [];
    });
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return [];
    throw error;
  }
}

/** @param {string} root */
function readStamp(root) {
  try {
    return readFileSync(stampPath(root), 'utf8');
  } catch {
    // No stamp, or one that cannot be read: building again is always right.
    return undefined;
  }
}

/** @param {string} root */
function stampPath(root) {
  return join(root, 'dist', '.stamp');
}
