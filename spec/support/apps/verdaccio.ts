import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort, installNpmPackage, type LocalApp, startLocalApp } from './local-app.ts';

/** Of a line that runs on Node.js 20. It asks for the tag `cjs` of node-fetch, which is not there any more. */
const PACKAGE = { name: 'verdaccio', version: '6.1.6', overrides: { 'node-fetch': '2.7.0' } };

/** The npm registry Verdaccio with accounts of its own and no registry behind it. */
export async function startVerdaccio(folder: string): Promise<LocalApp> {
  const installed = await installNpmPackage(PACKAGE);
  const config = join(folder, 'config.yaml');
  writeFileSync(
    config,
    `storage: ${join(folder, 'storage')}
auth: { htpasswd: { file: ${join(folder, 'htpasswd')}, max_users: 10 } }
uplinks: {}
packages: { '**': { access: $all, publish: $authenticated } }
max_body_size: 200mb
log: { type: stdout, format: json, level: warn }
`,
  );
  const port = await freePort();
  const args = [join(installed, 'bin', 'verdaccio'), '--config', config, '--listen', `127.0.0.1:${port}`];
  return startLocalApp({ command: process.execPath, args, port, folder });
}
