import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, installNpmPackage, type LocalApp, startLocalApp } from './local-app.ts';

/** The last line that runs on Node.js 20. */
const PACKAGE = { name: 'node-red', version: '4.1.15' };

/** Node-RED with its defaults, but on loopback and without asking anything of the internet. */
export async function startNodeRed(folder: string): Promise<LocalApp> {
  const installed = await installNpmPackage(PACKAGE);
  const settings = join(folder, 'settings.js');
  writeFileSync(
    settings,
    `module.exports = {
  uiHost: '127.0.0.1',
  telemetry: { enabled: false },
  externalModules: { palette: { allowInstall: false } },
  editorTheme: { tours: false },
};
`,
  );
  const port = await freePort();
  const args = [join(installed, 'red.js'), '--settings', settings, '--userDir', folder, '--port', String(port)];
  return startLocalApp({ command: process.execPath, args, port, folder });
}
