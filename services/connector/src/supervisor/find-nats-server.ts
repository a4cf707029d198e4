import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { SallyportError } from '#libs/errors';

/** Older hubs and leafs do not enforce a leaf's publish rights (docs/ARCHITECTURE.md, Trust). */
export const MIN_NATS_SERVER = '2.14.0';
const VERSION_TIMEOUT_MS = 5_000;

export type NatsServerBinary = { readonly path: string; readonly version: string };

/**
 * Looks in SALLYPORT_NATS_SERVER, PATH, and `.tools/` of any folder above this program, in this order.
 * @throws ERR_CONNECTOR_NATS_SERVER saying what was tried and what mends it.
 */
export async function findNatsServer(options: {
  readonly named: string | undefined;
  readonly searchPath: string | undefined;
  /** Folder of the program: `.tools/` is looked for here and in every folder above. */
  readonly programDir: string;
}): Promise<NatsServerBinary> {
  const tried: string[] = [];
  for (const path of candidates(options)) {
    if (!(await isExecutable(path))) continue;
    const version = await versionOf(path);
    if (version !== undefined && isAtLeast(version, MIN_NATS_SERVER)) return { path, version };
    tried.push(`${path} (${version ?? 'no nats-server'})`);
    if (options.named) break;
  }
  const found = tried.length > 0 ? `; found only ${tried.join(', ')}` : '';
  throw new SallyportError(
    'ERR_CONNECTOR_NATS_SERVER',
    `no nats-server ${MIN_NATS_SERVER} or newer in SALLYPORT_NATS_SERVER, PATH or .tools${found}; set SALLYPORT_NATS_SERVER to one`,
    { expose: true, details: { tried } },
  );
}

function candidates(options: Parameters<typeof findNatsServer>[0]): string[] {
  if (options.named) return [options.named];
  const folders = (options.searchPath ?? '').split(delimiter).filter((folder) => folder !== '');
  for (let folder = options.programDir; ; folder = dirname(folder)) {
    folders.push(join(folder, '.tools'));
    if (dirname(folder) === folder) break;
  }
  return folders.map((folder) => join(folder, 'nats-server'));
}

async function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

async function versionOf(path: string): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(path, ['--version'], { timeout: VERSION_TIMEOUT_MS });
    return /nats-server:? v?(\d+\.\d+\.\d+)/.exec(stdout)?.[1];
  } catch {
    // Not a program that runs here: reported as tried.
    return undefined;
  }
}

export function isAtLeast(version: string, minimum: string): boolean {
  const [have, need] = [version, minimum].map((text) => text.split('.').map(Number));
  for (let i = 0; i < 3; i += 1) {
    const difference = (have?.[i] ?? 0) - (need?.[i] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return true;
}
