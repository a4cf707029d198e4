import { aptInstall, installsWithoutStarting } from '../bootstrap/apt-install.mjs';
import { reasonOf } from '../bootstrap/failure.mjs';
import { findOnPath } from '../bootstrap/project.mjs';
import { missingForNginxSsh } from './targets/nginx-ssh.mjs';

/** Debian packages by the program they bring. */
const LOAD_TOOLS = { wrk: 'wrk', curl: 'curl' };

/**
 * Installs the load tools when they are missing.
 * @param {NodeJS.ProcessEnv} env
 * @throws {import('../bootstrap/failure.mjs').BootstrapError} ERR_BOOTSTRAP_APT with the command to run
 */
export async function ensureLoadTools(env) {
  const missing = Object.entries(LOAD_TOOLS).flatMap(([program, name]) =>
    findOnPath(program, env) === undefined ? [name] : [],
  );
  if (missing.length > 0) await aptInstall(missing, { env });
}

/**
 * What the nginx + ssh target needs. Installed only where a package may not start its services: a system's own nginx and
 * sshd are not for a benchmark to bring up.
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<string | undefined>} why the target is missing
 */
export async function ensureNginxSsh(env) {
  const isComplete = () =>
    missingForNginxSsh() ??
    (findOnPath('ssh', env) && findOnPath('ssh-keygen', env) ? undefined : 'ssh and ssh-keygen not on PATH');
  const missing = isComplete();
  if (missing === undefined) return undefined;
  const command = 'apt-get install --no-install-recommends nginx-light openssh-server openssh-client';
  if (!(await installsWithoutStarting('nginx'))) return `${missing}; to measure it: ${command}`;
  try {
    await aptInstall(['nginx-light', 'openssh-server', 'openssh-client'], { env });
  } catch (error) {
    return `${missing}; ${reasonOf(error)}`;
  }
  return isComplete();
}
