import { join } from 'node:path';
import { PINNED_NATS_SERVER_VERSION } from './nats-server-version.mjs';
import { findOnPath, isExecutable } from './project.mjs';
import { requireCommand } from './run-command.mjs';

/** Compiling takes minutes on a small machine, and an older Go first fetches the toolchain the module asks for. */
export const GO_INSTALL_TIMEOUT_MS = 10 * 60_000;

/** Where Go's own installer puts it, which many machines leave off PATH. */
const USUAL_GO = '/usr/local/go/bin/go';

/**
 * Compiles the pinned version with a private GOPATH, GOBIN and build cache inside `workFolder`; the checksum database
 * of the Go project verifies the source.
 * @param {{ workFolder: string, env: NodeJS.ProcessEnv, usualGo?: string, timeoutMs?: number }} options
 * @returns {Promise<string>} path of the program inside workFolder
 */
export async function installWithGo({ workFolder, env, usualGo = USUAL_GO, timeoutMs = GO_INSTALL_TIMEOUT_MS }) {
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
  const module = `github.com/nats-io/nats-server/v2@v${PINNED_NATS_SERVER_VERSION}`;
  await requireCommand(go, ['install', module], { timeoutMs, cwd: workFolder, env: goEnv });
  return join(workFolder, 'bin', 'nats-server');
}
