import { readdirSync, readFileSync } from 'node:fs';

const FOLDER = new URL('./seeds/', import.meta.url);
const ESCAPES: Readonly<Record<string, string>> = { r: '\r', n: '\n', t: '\t', '\\': '\\' };

export type Seed = { readonly name: string; readonly bytes: Buffer };

/** Seeds whose name begins so. Text with \r, \n, \t, \\ and \xNN; line breaks of the file itself mean nothing. */
export function seeds(prefix: string): Seed[] {
  return readdirSync(FOLDER)
    .filter((name) => name.startsWith(prefix))
    .sort()
    .map((name) => ({ name, bytes: bytesOf(readFileSync(new URL(name, FOLDER), 'latin1')) }));
}

function bytesOf(text: string): Buffer {
  const plain = text
    .replaceAll('\n', '')
    .replace(/\\(?:x([0-9a-f]{2})|([rnt\\]))/g, (_all, hex: string | undefined, letter: string | undefined) =>
      hex === undefined ? (ESCAPES[letter ?? ''] ?? '') : String.fromCharCode(Number.parseInt(hex, 16)),
    );
  return Buffer.from(plain, 'latin1');
}

/** The bytes cut at these places, as copies that share no memory. */
export function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const sorted = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort((a, b) => a - b);
  const pieces: Buffer[] = [];
  let from = 0;
  for (const to of [...sorted, bytes.length]) {
    if (to > from) pieces.push(Buffer.from(bytes.subarray(from, to)));
    from = to;
  }
  return pieces;
}

/** Every place one cut can be at, then a cut at every byte. */
export function allCuts(bytes: Buffer): number[][] {
  const places = Array.from({ length: bytes.length }, (_, at) => at);
  return [...places.map((at) => [at]), places];
}

/** One byte set, removed or doubled, or a part of the bytes repeated. */
export type Mutation = { readonly at: number; readonly how: 'set' | 'remove' | 'repeat'; readonly byte: number };

export function mutated(bytes: Buffer, mutations: readonly Mutation[]): Buffer {
  let result = bytes;
  for (const { at, how, byte } of mutations) {
    const place = at % (result.length + 1);
    const before = result.subarray(0, place);
    if (how === 'set') result = Buffer.concat([before, Buffer.of(byte), result.subarray(place + 1)]);
    else if (how === 'remove') result = Buffer.concat([before, result.subarray(place + 1)]);
    else result = Buffer.concat([before, result.subarray(place, place + byte), result.subarray(place)]);
  }
  return result;
}
