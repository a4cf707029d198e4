import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { PROJECT_ROOT } from '../world.ts';
import { freePort, type LocalApp, startLocalApp } from './local-app.ts';

const run = promisify(execFile);

/** Needs Python 3.9 or later. */
const VERSION = '4.4.9';
const INSTALL_TIMEOUT_MS = 300_000;

/** Installs JupyterLab into an environment of its own below `.cache/third-party/`, from wheels only; kept for the next run. */
export async function installJupyterLab(): Promise<string> {
  const folder = join(PROJECT_ROOT, '.cache', 'third-party', `jupyterlab-${VERSION}`);
  const program = join(folder, 'bin', 'jupyter-lab');
  if (existsSync(program)) return program;
  mkdirSync(join(folder, '..'), { recursive: true });
  try {
    await run('python3', ['-m', 'venv', folder], { timeout: INSTALL_TIMEOUT_MS });
    const pip = ['install', '--disable-pip-version-check', '--no-input', '--only-binary', ':all:', '--quiet'];
    await run(join(folder, 'bin', 'pip'), [...pip, `jupyterlab==${VERSION}`], { timeout: INSTALL_TIMEOUT_MS });
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  return program;
}

/**
 * JupyterLab on loopback, with its files in `work/`. It has no sign-in of its own, as whoever publishes it behind one
 * would run it, and accepts the external host: it compares the Origin of a WebSocket with the Host it sees.
 */
export async function startJupyterLab(folder: string): Promise<LocalApp> {
  const program = await installJupyterLab();
  const work = join(folder, 'work');
  mkdirSync(work, { recursive: true });
  const port = await freePort();
  const args = [
    '--no-browser',
    '--allow-root',
    '--ServerApp.ip=127.0.0.1',
    `--ServerApp.port=${port}`,
    '--ServerApp.port_retries=0',
    `--ServerApp.root_dir=${work}`,
    '--ServerApp.allow_remote_access=True',
    '--IdentityProvider.token=',
    '--LabApp.news_url=None',
    '--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate',
    "--ServerApp.terminado_settings={'shell_command': ['/bin/sh']}",
  ];
  return startLocalApp({ command: program, args, port, folder });
}
