import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startProgram } from '../../journeys/support/run-program.ts';
import { until } from '../../support/until.ts';
import { PROJECT_ROOT, type World } from '../../support/world.ts';

const READY_WITHIN_MS = 20_000;

/** An ingress beside that of the launcher, with the same configuration and another port. */
export type SecondIngress = { readonly port: number; stop(): Promise<void> };

export async function startSecondIngress(world: World): Promise<SecondIngress> {
  const folder = join(world.ready.dataDir, 'config');
  const config = JSON.parse(await readFile(join(folder, 'ingress.json'), 'utf8')) as Record<string, unknown>;
  const file = join(folder, 'second-ingress.json');
  await writeFile(file, JSON.stringify({ ...config, port: 0, publicPort: config.port }), { mode: 0o600 });
  const main = join(PROJECT_ROOT, 'dist', 'services', 'ingress', 'src', 'main.js');
  const running = startProgram(process.execPath, [main, '--config', file]);
  const readyLine = () => running.lines.find((line) => line.includes('"event":"ready"'));
  await until(() => readyLine() !== undefined, {
    deadlineMs: READY_WITHIN_MS,
    what: `second ingress is ready; it said ${running.lines.slice(-5).join('\n')}`,
  });
  const { port } = JSON.parse(readyLine() ?? '{}') as { port: number };
  return { port, stop: () => running.end() };
}
