import { chownSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../bench/free-port.mjs';
import { ask } from './ask.mjs';
import { SuiteUnavailable } from './suite.mjs';
import { debianVersion, requireProgram } from './tools.mjs';

const MODULES = '/usr/lib/apache2/modules';
/** Beside those which Debian compiles in. */
const LOADED = ['mpm_event', 'authz_core', 'dav', 'dav_fs', 'cgid', 'alias', 'env', 'mime'];
const GIT_BACKEND = '/usr/lib/git-core';
const START_LIMIT_MS = 10_000;
const USER = 'www-data';

/**
 * @typedef {object} Apache
 * @property {string} url of the origin
 * @property {string} repositories folder which /git/ serves
 * @property {(path: string) => void} give hands a file or folder to the user it runs as
 * @property {string} version
 * @property {() => Promise<void>} stop
 */

/**
 * Debian's Apache with WebDAV at / and Git's own server program at /git/, on 127.0.0.1 with a configuration of its own.
 * @param {import('./world.mjs').Context} context
 * @param {string} name of its folder
 * @returns {Promise<Apache>}
 * @throws {SuiteUnavailable}
 */
export async function startApache({ env, folder, children }, name) {
  const program = await requireProgram('apache2', ['apache2-bin'], { env });
  const own = join(folder, name);
  const user = readUser();
  const give = (/** @type {string} */ path) => {
    if (user !== undefined) chownSync(path, user.uid, user.gid);
  };
  for (const path of ['', 'htdocs', 'locks', 'repositories']) {
    mkdirSync(join(own, path), { mode: 0o755 });
    give(join(own, path));
  }
  const port = await freePort();
  const file = join(own, 'apache.conf');
  writeFileSync(file, configuration(own, port, user !== undefined));
  const child = children.start('apache2', program, ['-f', file, '-DFOREGROUND'], { cwd: own });
  const deadline = Date.now() + START_LIMIT_MS;
  for (;;) {
    const answer = await ask(port, { path: '/' }).catch(() => undefined);
    if (answer !== undefined) break;
    if (!child.isRunning() || Date.now() > deadline)
      throw new SuiteUnavailable(`apache2 did not start: ${child.lastWords()}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return {
    url: `http://127.0.0.1:${port}/`,
    repositories: join(own, 'repositories'),
    give,
    version: await debianVersion('apache2-bin'),
    stop: () => child.stop(),
  };
}

/** @returns {{ uid: number, gid: number } | undefined} whom Apache runs as when root starts it */
function readUser() {
  if (process.getuid?.() !== 0) return undefined;
  const line = new RegExp(`^${USER}:[^:]*:(\\d+):(\\d+):`, 'm').exec(readFileSync('/etc/passwd', 'utf8'));
  if (line === null) throw new SuiteUnavailable(`there is no user ${USER}`);
  return { uid: Number(line[1]), gid: Number(line[2]) };
}

/**
 * @param {string} own
 * @param {number} port
 * @param {boolean} isRoot
 */
function configuration(own, port, isRoot) {
  return `${LOADED.map((name) => `LoadModule ${name}_module ${MODULES}/mod_${name}.so`).join('\n')}
ServerRoot ${own}
ServerName 127.0.0.1
Listen 127.0.0.1:${port}
PidFile ${own}/apache.pid
DefaultRuntimeDir ${own}
ScriptSock ${own}/cgisock
ErrorLog ${own}/error.log
TypesConfig /dev/null
${isRoot ? `User ${USER}\nGroup ${USER}` : ''}
DocumentRoot ${own}/htdocs
DavLockDB ${own}/locks/dav
<Directory ${own}/htdocs>
  Dav On
  Require all granted
</Directory>
ScriptAlias /git/ ${GIT_BACKEND}/git-http-backend/
SetEnv GIT_PROJECT_ROOT ${own}/repositories
SetEnv GIT_HTTP_EXPORT_ALL 1
<Directory ${GIT_BACKEND}>
  Require all granted
</Directory>
`;
}
