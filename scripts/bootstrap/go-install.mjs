import { join } from 'node:path';
import { findOnPath, isExecutable } from './project.mjs';
import { requireCommand } from './run-command.mjs';

/** Compiling takes minutes on a small machine, and an older Go first fetches the toolchain the module asks for. */
export const GO_INSTALL_TIMEOUT_MS = 10 * 60_000;

/** Where Go's own installer puts it, which many machines leave off PATH. */
const USUAL_GO = '/usr/local/go/bin/go';

/**
 * Compiles a program with a private GOPATH, GOBIN and build cache inside `workFolder`; the checksum database of the Go
 * project verifies the source.
 * @param {object} options
 * @param {string} options.name of the program
 * @param {string} options.module its package path, `@` and a version
 * @param {string} options.workFolder
 * @param {NodeJS.ProcessEnv} options.env
 * @param {string} [options.usualGo]
 * @param {number} [options.timeoutMs]
 * @returns {Promise<string>} path of the program inside workFolder
 */
export async function installWithGo(options) {
  const { name, module, workFolder, env, usualGo = USUAL_GO, timeoutMs = GO_INSTALL_TIMEOUT_MS } = options;
  const go = findOnPath('go', env) ?? (isExecutable(usualGo) ? usualGo : undefined);
  if (go === undefined) throw new Error('go is not on PATH');
  const goEnv = {
    ...env,
    HOME: env.HOME ?? workFolder,
    GOBIN: join(workFolder, 'bin'),
    GOPATH: join(workFolder, 'gopath'),
    GOCACHE: join(workFolder, 'gocache'),
    // Without this the module cache is read-only and the temporary folder could not be removed.
    GOFLAGS: '-modcacherw -trimpath',
    CGO_ENABLED: '0',
  };
  await requireCommand(go, ['install', module], { timeoutMs, cwd: workFolder, env: goEnv });
  return join(workFolder, 'bin', name);
}
