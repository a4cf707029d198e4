import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import type { World } from '../../support/world.ts';
import { residentBytes } from './processes.ts';

export const MIB = 1024 * 1024;
const SAMPLE_EVERY_MS = 100;

/** Most bytes that ingress and connector held beyond what they held before, sampled from /proc. */
export async function growthDuring(world: World, work: () => Promise<void>) {
  const { ingress = 0, connector = 0 } = await world.processes();
  const first = { ingress: residentBytes(ingress), connector: residentBytes(connector) };
  const most = { ...first };
  const timer = setInterval(() => {
    most.ingress = Math.max(most.ingress, residentBytes(ingress));
    most.connector = Math.max(most.connector, residentBytes(connector));
  }, SAMPLE_EVERY_MS);
  try {
    await work();
  } finally {
    clearInterval(timer);
  }
  return { ingress: most.ingress - first.ingress, connector: most.connector - first.connector };
}

/** No two MiB of it are equal, so that a lost, doubled or misplaced block shows. Returns its SHA-256. */
export async function writeLargeFile(path: string, bytes: number): Promise<string> {
  const hash = createHash('sha256');
  const block = randomBytes(MIB);
  async function* blocks() {
    for (let index = 0; index < bytes / MIB; index += 1) {
      const one = Buffer.from(block);
      one.writeUInt32BE(index, 0);
      hash.update(one);
      yield one;
    }
  }
  await pipeline(blocks(), createWriteStream(path));
  return hash.digest('hex');
}

export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash);
  return hash.digest('hex');
}
