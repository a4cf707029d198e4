import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { DEBIAN_KEYRING, debianMirrors, readAptSources } from './apt-sources.mjs';
import { reasonOf } from './failure.mjs';
import { findOnPath, readOsRelease } from './project.mjs';
import { requireCommand } from './run-command.mjs';

/** Newer suites whose nats-server and pebble are recent enough, in the order they are tried. */
export const DEBIAN_SUITES = ['forky', 'sid'];

const UPDATE_TIMEOUT_MS = 90_000;
const DOWNLOAD_TIMEOUT_MS = 120_000;
const UNPACK_TIMEOUT_MS = 60_000;

/** Environment of a Debian machine that specs replace: where apt's sources and os-release are. */
/** @typedef {{ aptFolder?: string, osReleasePath?: string, keyring?: string }} DebianPaths */

/**
 * Takes a program out of Debian's own package of that name without installing it: private apt state in `workFolder`,
 * the mirror the machine already uses, signatures checked against Debian's archive keys. The system's apt is only read.
 * @param {{ name: string, workFolder: string, env: NodeJS.ProcessEnv, paths?: DebianPaths }} options
 * @returns {Promise<string>} path of the unpacked program inside workFolder
 * @throws {Error} whose message says which suite and mirror failed, and why
 */
export async function fetchFromDebian({ name, workFolder, env, paths = {} }) {
  const { id, codename, name: system } = readOsRelease(paths.osReleasePath);
  if (id !== 'debian') throw new Error(`this machine is ${system === '' ? 'not Debian' : system}, not Debian`);
  for (const tool of ['apt-get', 'dpkg-deb']) {
    if (findOnPath(tool, env) === undefined) throw new Error(`${tool} is not on PATH`);
  }
  const mirrors = debianMirrors(readAptSources(paths.aptFolder), codename);
  if (mirrors.length === 0) throw new Error("no Debian mirror in the machine's apt sources");
  const failures = [];
  for (const mirror of mirrors) {
    const keyring = paths.keyring ?? [mirror.keyring, DEBIAN_KEYRING].find((path) => existsSync(path));
    if (keyring === undefined || !existsSync(keyring)) {
      failures.push(`${mirror.uri}: archive keyring ${mirror.keyring} is absent, so nothing could be verified`);
      continue;
    }
    for (const suite of DEBIAN_SUITES) {
      const folder = join(workFolder, `${suite}-${mirrors.indexOf(mirror)}`);
      try {
        return await fetchFromSuite({ name, folder, env, uri: mirror.uri, suite, keyring });
      } catch (error) {
        failures.push(`${mirror.uri} ${suite}: ${reasonOf(error)}`);
      }
    }
  }
  throw new Error(failures.join('; '));
}

/**
 * @param {{ name: string, folder: string, env: NodeJS.ProcessEnv, uri: string, suite: string, keyring: string }} options
 * @returns {Promise<string>}
 */
async function fetchFromSuite({ name, folder, env, uri, suite, keyring }) {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'sources.list'), `deb [signed-by=${keyring}] ${uri} ${suite} main\n`);
  const { apt, aptEnv } = await updatePrivately(folder, env);
  const download = [...apt, 'download', name];
  await requireCommand('apt-get', download, { timeoutMs: DOWNLOAD_TIMEOUT_MS, cwd: folder, env: aptEnv });
  const archive = readdirSync(folder).find((file) => file.endsWith('.deb'));
  if (archive === undefined) throw new Error('apt-get download left no package');
  const unpacked = join(folder, 'unpacked');
  await requireCommand('dpkg-deb', ['-x', join(folder, archive), unpacked], { timeoutMs: UNPACK_TIMEOUT_MS, env });
  const program = readdirSync(unpacked, { recursive: true, encoding: 'utf8' }).find(
    (path) => /(^|\/)s?bin\//.test(path) && basename(path) === name,
  );
  if (program === undefined) throw new Error(`${archive} holds no ${name}`);
  return join(unpacked, program);
}

/**
 * Reads the lists of `sources.list` in this folder, into it.
 * @param {string} folder
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<{ apt: string[], aptEnv: NodeJS.ProcessEnv }>} what further calls of apt-get begin with
 */
async function updatePrivately(folder, env) {
  mkdirSync(join(folder, 'lists', 'partial'), { recursive: true });
  mkdirSync(join(folder, 'cache', 'archives', 'partial'), { recursive: true });
  writeFileSync(join(folder, 'apt.conf'), privateAptConfig(folder));
  const aptEnv = { ...env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' };
  const apt = ['-c', join(folder, 'apt.conf'), '-qq'];
  await requireCommand('apt-get', [...apt, 'update'], { timeoutMs: UPDATE_TIMEOUT_MS, cwd: folder, env: aptEnv });
  return { apt, aptEnv };
}

/**
 * Unpacks packages of the machine's own release into a folder, and those they need that the machine has not or has in another
 * version; nothing is installed and no script of theirs runs. Sources are the machine's own that Debian's keys sign.
 * @param {{ names: readonly string[], always: readonly string[], workFolder: string, target: string, env: NodeJS.ProcessEnv, paths?: DebianPaths }} options
 *   `always`: unpacked also where the machine has them, so that they fit the others
 * @throws {Error}
 */
export async function unpackFromDebian({ names, always, workFolder, target, env, paths = {} }) {
  const { id, codename, name: system } = readOsRelease(paths.osReleasePath);
  if (id !== 'debian') throw new Error(`this machine is ${system === '' ? 'not Debian' : system}, not Debian`);
  for (const tool of ['apt-get', 'dpkg-deb'])
    if (findOnPath(tool, env) === undefined) throw new Error(`${tool} is not on PATH`);
  const lines = debianSources(readAptSources(paths.aptFolder), codename);
  if (lines.length === 0) throw new Error("no Debian mirror in the machine's apt sources");
  writeFileSync(join(workFolder, 'sources.list'), `${lines.join('\n')}\n`);
  const { apt, aptEnv } = await updatePrivately(workFolder, env);
  const plan = await requireCommand('apt-get', [...apt, '-s', '--no-install-recommends', 'install', ...names], {
    timeoutMs: UPDATE_TIMEOUT_MS,
    cwd: workFolder,
    env: aptEnv,
  });
  const needed = [...plan.stdout.matchAll(/^Inst (\S+)/gm)].map(([, needs = '']) => needs);
  const wanted = [...new Set([...names, ...always, ...needed])];
  await requireCommand('apt-get', [...apt, 'download', ...wanted], {
    timeoutMs: DOWNLOAD_TIMEOUT_MS,
    cwd: workFolder,
    env: aptEnv,
  });
  mkdirSync(target, { recursive: true });
  for (const archive of readdirSync(workFolder).filter((file) => file.endsWith('.deb')))
    await requireCommand('dpkg-deb', ['-x', join(workFolder, archive), target], { timeoutMs: UNPACK_TIMEOUT_MS, env });
}

/**
 * @param {readonly import('./apt-sources.mjs').AptSource[]} sources
 * @param {string} codename
 * @returns {string[]} lines of a sources.list, each signed by Debian's keys: security updates have a mirror of their own
 */
function debianSources(sources, codename) {
  const mirrors = new Set(debianMirrors(sources, codename).map(({ uri }) => uri));
  const isDebians = (/** @type {import('./apt-sources.mjs').AptSource} */ { uris, signedBy }) =>
    signedBy?.includes('debian-archive') ??
    uris.some((uri) => /\/debian(-security)?\/?$/.test(uri) || (mirrors.size === 1 && mirrors.has(uri)));
  return sources
    .filter((source) => source.components.includes('main') && isDebians(source))
    .flatMap(({ uris, suites, signedBy }) =>
      uris.flatMap((uri) =>
        suites.map((suite) => `deb [signed-by=${signedBy ?? DEBIAN_KEYRING}] ${uri} ${suite} main`),
      ),
    );
}

/**
 * Read after the machine's own configuration (so its proxies count) and overriding it: state, sources, keys and pins
 * are private, the machine's hooks and extra indexes do not run, and an unsigned archive is refused whatever it allows.
 * @param {string} folder
 * @returns {string}
 */
function privateAptConfig(folder) {
  const clear = ['APT::Update::Pre-Invoke', 'APT::Update::Post-Invoke', 'APT::Update::Post-Invoke-Success'];
  const extraIndexes = ['deb::DEP-11', 'deb::DEP-11-icons', 'deb::DEP-11-icons-small', 'deb::DEP-11-icons-hidpi'];
  const moreIndexes = ['deb::DEP-11-icons-large', 'deb::DEP-11-icons-large-hidpi', 'deb::CNF', 'deb::Contents-deb'];
  const settings = {
    'Dir::Etc::sourcelist': join(folder, 'sources.list'),
    'Dir::Etc::sourceparts': '/dev/null',
    'Dir::Etc::preferences': '/dev/null',
    'Dir::Etc::preferencesparts': '/dev/null',
    'Dir::Etc::trusted': '/dev/null',
    'Dir::Etc::trustedparts': '/dev/null',
    'Dir::State::Lists': join(folder, 'lists'),
    'Dir::Cache': join(folder, 'cache'),
    'APT::Sandbox::User': 'root',
    'APT::Get::AllowUnauthenticated': 'false',
    'Acquire::AllowInsecureRepositories': 'false',
    'Acquire::AllowWeakRepositories': 'false',
    'Acquire::Languages': 'none',
    'Acquire::Retries': '2',
    'Acquire::http::Timeout': '20',
    'Acquire::https::Timeout': '20',
  };
  return [
    ...clear.map((name) => `#clear ${name};`),
    ...[...extraIndexes, ...moreIndexes].map((name) => `#clear Acquire::IndexTargets::${name};`),
    ...Object.entries(settings).map(([name, value]) => `${name} "${value}";`),
    '',
  ].join('\n');
}
