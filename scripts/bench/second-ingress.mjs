import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../bootstrap/project.mjs';

const READY_LIMIT_MS = 20_000;
const STOP_LIMIT_MS = 30_000;

/**
 * An ingress beside that of the launcher, with the same configuration and another port; it answers to the first one's addresses.
 * @param {string} dataDir of the running system
 * @param {import('./children.mjs').Children} children
 * @returns {Promise<{ port: number, stop: () => Promise<void> }>}
 */
export async function startSecondIngress(dataDir, children) {
  const folder = join(dataDir, 'config');
  const config = JSON.parse(readFileSync(join(folder, 'ingress.json'), 'utf8'));
  const file = join(folder, 'second-ingress.json');
  writeFileSync(file, JSON.stringify({ ...config, port: 0, publicPort: config.port }), { mode: 0o600 });
  const main = join(PROJECT_ROOT, 'dist', 'services', 'ingress', 'src', 'main.js');
  const child = children.start('second ingress', process.execPath, [main, '--config', file], {
    stopLimitMs: STOP_LIMIT_MS,
  });
  const { port } = JSON.parse(await child.untilLine(/"event":"ready"/, READY_LIMIT_MS));
  return { port: Number(port), stop: child.stop };
}
