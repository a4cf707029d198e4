import { setImmediate as breathe } from 'node:timers/promises';
import { type CountryResponse, Reader } from 'mmdb-lib';
import { parseAddress, textOfAddress } from '#libs/conditional-access';
import { COUNTRY_KEYS, countryOfRecord } from './country-of-record.ts';
import { requireThat, ValueMeasure } from './measure-values.ts';

/** Metadata stand behind the last of these. */
const MARKER = Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1');
/** Zeros between search tree and data. */
const SEPARATOR_BYTES = 16;
/** Nodes looked at before others get their turn: some 2 ms (a tree of 300,000 nodes with 1.8 MB was measured at 58 ms). */
const NODES_AT_ONCE = 8192;
const CUT = 'is cut short or no .mmdb file';

export type CountryDatabase = {
  /** As the file calls itself, at most 100 characters. */
  readonly kind: string;
  /** ISO 8601; null: the file does not say. */
  readonly builtAt: string | null;
  /** ISO 3166-1 alpha-2, or `unknown`. @throws nothing that was checked can make it throw; the caller catches all the same. */
  readonly find: (address: string) => string;
};

/**
 * Reads a database from memory and checks all of it once: every node of the tree, and every record it leads to. A file that is cut or
 * damaged in its structure is refused here. There is no checksum in the format: a changed letter in a text cannot be seen.
 * @throws an Error whose message continues "country database <file>".
 */
export async function readCountryDatabase(db: Buffer): Promise<CountryDatabase> {
  const marker = db.lastIndexOf(MARKER);
  requireThat(marker >= 0, CUT);
  const reader = readMetadata(db, marker);
  const { databaseType, buildEpoch, ipVersion } = reader.metadata;
  await requireSoundTree(db, marker, reader.metadata);
  return {
    kind: String(databaseType).slice(0, 100),
    builtAt: Number.isNaN(buildEpoch.getTime()) ? null : buildEpoch.toISOString(),
    find: (text) => {
      const address = parseAddress(text);
      // A tree of IPv4 alone would be walked by the first bits of an IPv6 address.
      if (address === undefined || (address.family === 6 && ipVersion === 4)) return 'unknown';
      return countryOfRecord(reader.get(textOfAddress(address)));
    },
  };
}

function readMetadata(db: Buffer, marker: number): Reader<CountryResponse> {
  const base = marker + MARKER.length;
  const first = db[base] ?? 0;
  // A map of less than 15: any other byte could hide the marker from the library, which looks for it backwards.
  requireThat(first >= 0xe0 && first < 0xef, CUT);
  new ValueMeasure(db, { base, end: db.length }).measure(base);
  const reader = new Reader<CountryResponse>(db);
  const { binaryFormatMajorVersion: version, ipVersion, nodeCount, searchTreeSize } = reader.metadata;
  requireThat(version === 2, `has version ${String(version).slice(0, 10)} of the format, 2 is read`);
  requireThat(ipVersion === 4 || ipVersion === 6, 'is for no known version of IP');
  requireThat(Number.isSafeInteger(nodeCount) && nodeCount > 0, 'has no search tree');
  const dataBegin = searchTreeSize + SEPARATOR_BYTES;
  requireThat(dataBegin <= marker && isZero(db.subarray(searchTreeSize, dataBegin)), CUT);
  return reader;
}

async function requireSoundTree(
  db: Buffer,
  end: number,
  { nodeCount, nodeByteSize, recordSize, searchTreeSize }: Reader<CountryResponse>['metadata'],
): Promise<void> {
  const values = new ValueMeasure(db, { base: searchTreeSize + SEPARATOR_BYTES, end }, COUNTRY_KEYS);
  const requireSound = (record: number) => {
    if (record > nodeCount) values.measure(record - nodeCount + searchTreeSize);
  };
  for (let node = 0; node < nodeCount; node += 1) {
    const offset = node * nodeByteSize;
    if (recordSize === 28) {
      const shared = db.readUInt8(offset + 3);
      requireSound((shared >> 4) * 2 ** 24 + db.readUIntBE(offset, 3));
      requireSound((shared & 15) * 2 ** 24 + db.readUIntBE(offset + 4, 3));
    } else {
      const bytes = recordSize / 8;
      requireSound(db.readUIntBE(offset, bytes));
      requireSound(db.readUIntBE(offset + bytes, bytes));
    }
    if (node % NODES_AT_ONCE === NODES_AT_ONCE - 1) await breathe();
  }
  requireThat(values.hasKey, 'has no countries, it is of another kind');
}

function isZero(bytes: Buffer): boolean {
  return bytes.every((byte) => byte === 0);
}
