import { randomInt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { z } from 'zod';
import { SallyportError } from '#libs/errors';
import { writeAtomically } from './data-dir.ts';

export const HOST = '127.0.0.1';

const port = z.number().int().min(1).max(65_535);
const portsSchema = z.object({
  ingress: port,
  connectorEndpoint: port,
  identityProvider: port,
  console: port,
  hubClient: port,
  hubLeaf: port,
  hubMonitor: port,
  dumper: port,
  status: port,
  /** Chosen when it is asked for first. */
  partnersIdentityProvider: port.optional(),
});
export type Ports = z.infer<typeof portsSchema>;

/** What is tried first; the ingress port comes from the options. */
const PREFERRED: Omit<Ports, 'ingress' | 'partnersIdentityProvider'> = {
  connectorEndpoint: 8444,
  identityProvider: 8445,
  console: 8446,
  hubClient: 4222,
  hubLeaf: 7422,
  hubMonitor: 8222,
  dumper: 8451,
  status: 8452,
};

/**
 * Ports of a data directory: chosen once, kept in `ports.json` (issuer, certificates and connectors depend on them).
 * Inner ports that are taken on the first start are replaced by free ones; the ingress port is the operator's choice.
 * Errors: ERR_LAUNCHER_PORT_IN_USE, ERR_DATA_DIR_CORRUPT.
 */
export async function choosePorts(dataDir: string, wantedIngress: number, isDefaultIngress: boolean): Promise<Ports> {
  const kept = await readKept(dataDir);
  if (kept) {
    const ingress = wantedIngress === 0 || isDefaultIngress ? kept.ingress : wantedIngress;
    const ports = { ...kept, ingress };
    for (const [name, value] of Object.entries(ports)) if (value !== undefined) await requireFree(name, value);
    if (ingress !== kept.ingress) await keep(dataDir, ports);
    return ports;
  }
  const ports: Record<string, number> = {};
  ports.ingress = wantedIngress === 0 ? await freePort([]) : wantedIngress;
  await requireFree('ingress', ports.ingress);
  const isPrivate = wantedIngress !== 8443;
  for (const [name, preferred] of Object.entries(PREFERRED)) {
    ports[name] = !isPrivate && (await isFree(preferred)) ? preferred : await freePort(Object.values(ports));
  }
  const chosen = portsSchema.parse(ports);
  await keep(dataDir, chosen);
  return chosen;
}

/** The port of the second development identity provider, chosen once like the others. Errors: as `choosePorts`. */
export async function withPartners(dataDir: string, ports: Ports): Promise<Ports> {
  if (ports.partnersIdentityProvider !== undefined) return ports;
  const taken = Object.values(ports).filter((value) => value !== undefined);
  const chosen = { ...ports, partnersIdentityProvider: await freePort(taken) };
  await keep(dataDir, chosen);
  return chosen;
}

async function keep(dataDir: string, ports: Ports): Promise<void> {
  await writeAtomically(join(dataDir, 'ports.json'), `${JSON.stringify(ports, null, 2)}\n`);
}

async function readKept(dataDir: string): Promise<Ports | null> {
  const file = join(dataDir, 'ports.json');
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch {
    // Absent on the first start; an unreadable one shows when it is written.
    return null;
  }
  try {
    return portsSchema.parse(JSON.parse(text));
  } catch (cause) {
    throw new SallyportError(
      'ERR_DATA_DIR_CORRUPT',
      `${file} does not hold the ports of this system: remove it to choose new ones (connectors must then register again)`,
      {
        expose: true,
        cause,
        details: { file },
      },
    );
  }
}

async function requireFree(name: string, value: number): Promise<void> {
  if (await isFree(value)) return;
  const remedy =
    name === 'ingress'
      ? 'stop what listens there, or choose another with --port'
      : 'stop what listens there (another Sallyport?), or name another --data-dir';
  throw new SallyportError('ERR_LAUNCHER_PORT_IN_USE', `port ${value} (${name}) on ${HOST} is in use: ${remedy}`, {
    expose: true,
    details: { name, port: value },
  });
}

function isFree(value: number): Promise<boolean> {
  return new Promise((resolvePromise) => {
    const probe = createServer();
    probe.once('error', () => resolvePromise(false));
    probe.listen({ port: value, host: HOST, exclusive: true }, () => probe.close(() => resolvePromise(true)));
  });
}

/** Below the range systems take ports of outgoing connections from: what is free now is still free a second later. */
const FREE_PORT_FROM = 20_000;
const FREE_PORT_BELOW = 32_000;
const MAX_TRIES = 100;

async function freePort(taken: readonly number[]): Promise<number> {
  for (let tries = 0; tries < MAX_TRIES; tries += 1) {
    const candidate = randomInt(FREE_PORT_FROM, FREE_PORT_BELOW);
    if (!taken.includes(candidate) && (await isFree(candidate))) return candidate;
  }
  throw new SallyportError(
    'ERR_LAUNCHER_PORT_IN_USE',
    `no free port on ${HOST} from ${FREE_PORT_FROM} to ${FREE_PORT_BELOW - 1} in ${MAX_TRIES} tries`,
    { expose: true, retryable: true },
  );
}
