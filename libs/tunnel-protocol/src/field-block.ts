import type { FieldList } from './channel.ts';
import { MAX_FIELDS } from './limits.ts';

/*
 * Block: count u16, then count times (name length u16, value length u16), then all names and values back to back.
 * One table and one text make encoding and decoding a single native call each, however many fields there are.
 */

const NOT_LATIN1_TEXT = /[^\t\x20-\x7e\x80-\xff]/;
const NOT_ASCII_TEXT = /[^\t\x20-\x7e]/;
/** Control characters other than tab, and lone surrogates, which UTF-8 cannot carry. */
const FORBIDDEN_IN_METADATA = /[^\P{Cc}\t]|\p{Cs}/u;

export type FieldProblem = 'odd-list' | 'empty-name' | 'too-many-fields' | 'too-large' | 'forbidden-character';

export type PreparedBlock = {
  readonly list: FieldList;
  readonly text: string;
  /** UTF-8 lengths when the text is not ASCII; otherwise string lengths are byte lengths. */
  readonly wideLengths: readonly number[] | undefined;
  readonly textBytes: number;
  readonly bytes: number;
};

const EMPTY_LIST: FieldList = [];
export const EMPTY_BLOCK: PreparedBlock = {
  list: EMPTY_LIST,
  text: '',
  wideLengths: undefined,
  textBytes: 0,
  bytes: 2,
};

/** Check and measure header fields. Control characters, CR and LF above all, never get into a packet. */
export function prepareFields(list: FieldList, maxBytes: number): PreparedBlock | FieldProblem {
  if (list.length === 0) return EMPTY_BLOCK;
  const text = list.join('');
  if (NOT_LATIN1_TEXT.test(text)) return 'forbidden-character';
  return prepared(list, text, undefined, text.length, maxBytes);
}

/** Check and measure metadata, which may hold any text without control characters. */
export function prepareMetadata(list: FieldList, maxBytes: number): PreparedBlock | FieldProblem {
  if (list.length === 0) return EMPTY_BLOCK;
  const text = list.join('');
  if (!NOT_ASCII_TEXT.test(text)) return prepared(list, text, undefined, text.length, maxBytes);
  if (list.some((entry) => FORBIDDEN_IN_METADATA.test(entry))) return 'forbidden-character';
  const lengths = list.map((entry) => Buffer.byteLength(entry, 'utf8'));
  return prepared(list, text, lengths, Buffer.byteLength(text, 'utf8'), maxBytes);
}

function prepared(
  list: FieldList,
  text: string,
  wideLengths: readonly number[] | undefined,
  textBytes: number,
  maxBytes: number,
): PreparedBlock | FieldProblem {
  if (list.length % 2 !== 0) return 'odd-list';
  if (list.length > 2 * MAX_FIELDS) return 'too-many-fields';
  const bytes = 2 + 2 * list.length + textBytes;
  if (bytes > maxBytes) return 'too-large';
  for (let index = 0; index < list.length; index += 2) if (list[index] === '') return 'empty-name';
  return { list, text, wideLengths, textBytes, bytes };
}

/** Write a prepared block; returns the offset behind it. */
export function writeFields(target: Buffer, start: number, block: PreparedBlock): number {
  const { list, wideLengths } = block;
  let offset = target.writeUInt16BE(list.length >>> 1, start);
  for (let index = 0; index < list.length; index++) {
    const length = wideLengths === undefined ? (list[index]?.length ?? 0) : (wideLengths[index] ?? 0);
    target[offset++] = length >>> 8;
    target[offset++] = length & 0xff;
  }
  if (block.textBytes > 0) target.write(block.text, offset, wideLengths === undefined ? 'latin1' : 'utf8');
  return offset + block.textBytes;
}

export type ReadBlock = { readonly list: FieldList; readonly end: number };

/** Read one block of at most `maxBytes` that lies within `limit`; undefined when it is malformed. Never throws. */
export function readFields(
  source: Buffer,
  start: number,
  limit: number,
  maxBytes: number,
  encoding: 'latin1' | 'utf8',
): ReadBlock | undefined {
  if (limit - start < 2) return undefined;
  const count = source.readUInt16BE(start);
  if (count === 0) return { list: EMPTY_LIST, end: start + 2 };
  const textStart = start + 2 + 4 * count;
  if (count > MAX_FIELDS || textStart > limit) return undefined;
  let textBytes = 0;
  for (let offset = start + 2; offset < textStart; offset += 2) textBytes += source.readUInt16BE(offset);
  const end = textStart + textBytes;
  if (end > limit || end - start > maxBytes) return undefined;
  const text = source.toString(encoding, textStart, end);
  const list =
    text.length === textBytes ? sliceByTable(source, start + 2, text, count) : sliceWide(source, start + 2, count);
  if (list === undefined || (encoding === 'latin1' ? NOT_LATIN1_TEXT : FORBIDDEN_IN_METADATA).test(text))
    return undefined;
  return { list, end };
}

function sliceByTable(source: Buffer, table: number, text: string, count: number): FieldList | undefined {
  const list: string[] = [];
  let position = 0;
  for (let index = 0; index < 2 * count; index++) {
    const length = source.readUInt16BE(table + 2 * index);
    if (length === 0 && index % 2 === 0) return undefined;
    list.push(text.slice(position, position + length));
    position += length;
  }
  return list;
}

const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Entries that are not ASCII are decoded one by one, so that a length never cuts a character in two unnoticed. */
function sliceWide(source: Buffer, table: number, count: number): FieldList | undefined {
  const list: string[] = [];
  let position = table + 4 * count;
  try {
    for (let index = 0; index < 2 * count; index++) {
      const length = source.readUInt16BE(table + 2 * index);
      if (length === 0 && index % 2 === 0) return undefined;
      list.push(strictUtf8.decode(source.subarray(position, position + length)));
      position += length;
    }
  } catch {
    // Not UTF-8: malformed, as the caller will report.
    return undefined;
  }
  return list;
}
