import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { MAX_PEM_CHARACTERS } from '#libs/server-certificates';

/** Pairs of one folder; names beyond are not read, in order of the alphabet. */
export const MAX_CERTIFICATES = 1_000;
const NAME = /^([a-z0-9_-]{1,64})\.(crt|key)$/;

/** A pair `<name>.crt`, `<name>.key`, and what shows that one of them changed. */
export type FoundPair = { readonly name: string; readonly stamp: string; readonly keyMode: number };

/** Every whole pair by name. A folder that is not there holds none. @throws what the file system says of any other. */
export async function findPairs(
  directory: string,
): Promise<{ readonly pairs: readonly FoundPair[]; readonly left: number }> {
  const names = completeNames(await filesOf(directory));
  const pairs: FoundPair[] = [];
  for (const name of names.slice(0, MAX_CERTIFICATES)) {
    const pair = await statPair(directory, name);
    if (pair) pairs.push(pair);
  }
  return { pairs, left: Math.max(0, names.length - MAX_CERTIFICATES) };
}

/** PEM texts of a pair. A file too long to be one is read no further than it may be. */
export async function readPair(
  directory: string,
  name: string,
): Promise<{ readonly chain: string; readonly key: string }> {
  const [chain, key] = await Promise.all([readText(directory, `${name}.crt`), readText(directory, `${name}.key`)]);
  return { chain, key };
}

async function readText(directory: string, file: string): Promise<string> {
  const path = join(directory, file);
  const { size } = await stat(path);
  if (size > MAX_PEM_CHARACTERS) throw new Error(`${file} has ${size} bytes, expected at most ${MAX_PEM_CHARACTERS}`);
  return readFile(path, 'utf8');
}

async function filesOf(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory);
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

function completeNames(files: readonly string[]): readonly string[] {
  const kinds = new Map<string, Set<string>>();
  for (const file of files) {
    const [, name = '', kind = ''] = NAME.exec(file) ?? [];
    if (name !== '') kinds.set(name, (kinds.get(name) ?? new Set()).add(kind));
  }
  return [...kinds].flatMap(([name, found]) => (found.size === 2 ? [name] : [])).sort();
}

/** Undefined when a file of the pair went away meanwhile. */
async function statPair(directory: string, name: string): Promise<FoundPair | undefined> {
  try {
    const [crt, key] = await Promise.all([stat(join(directory, `${name}.crt`)), stat(join(directory, `${name}.key`))]);
    const stamp = [crt, key].map(({ ino, mtimeMs, size, mode }) => `${ino} ${mtimeMs} ${size} ${mode}`).join(' ');
    return { name, stamp, keyMode: key.mode & 0o777 };
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
