/** What the writer of databases can write: texts, whole numbers from 0 to 2^32 - 1, lists, maps. */
export type MmdbValue = string | number | readonly MmdbValue[] | { readonly [key: string]: MmdbValue };

export type MmdbContent = {
  /** Ranges in binary (`00001010` is 10.0.0.0/8), none within another, and what is known of each. */
  readonly networks: readonly (readonly [bits: string, record: MmdbValue])[];
  readonly ipVersion?: 4 | 6;
  readonly recordSize?: 24 | 28 | 32;
  readonly kind?: string;
  /** In place of those that belong there. */
  readonly metadata?: Readonly<Record<string, MmdbValue>>;
};

type Tree = [Tree | Leaf | undefined, Tree | Leaf | undefined];
type Leaf = { readonly offset: number };

const SEPARATOR = Buffer.alloc(16);
const MARKER = Buffer.from('\xab\xcd\xefMaxMind.com', 'latin1');

/** A database in the format MaxMind DB 2.0, the same bytes for the same content. Equal records are stored once. */
export function writeMmdb({ networks, ipVersion = 6, recordSize = 24, kind = 'Spec-Country', metadata }: MmdbContent) {
  const root: Tree = [undefined, undefined];
  const data: Buffer[] = [];
  const offsets = new Map<string, number>();
  let length = 0;
  for (const [bits, record] of networks) {
    const key = JSON.stringify(record);
    if (!offsets.has(key)) {
      offsets.set(key, length);
      data.push(encode(record));
      length += data.at(-1)?.length ?? 0;
    }
    insert(root, bits, { offset: offsets.get(key) ?? 0 });
  }
  const nodes = numbered(root);
  const numbers = new Map(nodes.map((node, index) => [node, index]));
  const recordOf = (child: Tree | Leaf | undefined): number => {
    if (child === undefined) return nodes.length;
    return Array.isArray(child) ? (numbers.get(child) ?? 0) : nodes.length + SEPARATOR.length + child.offset;
  };
  const tree = nodes.map(([left, right]) => nodeOf(recordOf(left), recordOf(right), recordSize));
  return Buffer.concat([...tree, SEPARATOR, ...data, MARKER, encode({ ...described(), ...metadata })]);

  function described() {
    return {
      node_count: nodes.length,
      record_size: recordSize,
      ip_version: ipVersion,
      database_type: kind,
      languages: ['en'],
      binary_format_major_version: 2,
      binary_format_minor_version: 0,
      build_epoch: 1_790_000_000,
      description: { en: 'Made by a spec' },
    };
  }
}

/** `10.0.0.0/8` for `networks`; IPv4 stands in the first 32 bits behind 96 zeros of a tree of IPv6. */
export function bitsOf(range: string, ipVersion: 4 | 6 = 6): string {
  const [address = '', prefix = ''] = range.split('/');
  const bits = address.includes(':') ? bits6(address) : (ipVersion === 6 ? '0'.repeat(96) : '') + bits4(address);
  const skipped = !address.includes(':') && ipVersion === 6 ? 96 : 0;
  return bits.slice(0, skipped + Number(prefix));
}

const bits4 = (address: string) =>
  address
    .split('.')
    .map((part) => Number(part).toString(2).padStart(8, '0'))
    .join('');

function bits6(address: string): string {
  const [left = '', right = ''] = address.split('::');
  const groups = (text: string) => (text === '' ? [] : text.split(':'));
  const zeros = 8 - groups(left).length - groups(right).length;
  const all = [...groups(left), ...Array.from({ length: zeros }, () => '0'), ...groups(right)];
  return all.map((group) => Number.parseInt(group, 16).toString(2).padStart(16, '0')).join('');
}

function insert(root: Tree, bits: string, leaf: Leaf): void {
  let node = root;
  for (let index = 0; index < bits.length; index += 1) {
    const side = bits[index] === '1' ? 1 : 0;
    if (index === bits.length - 1) {
      node[side] = leaf;
      return;
    }
    const next = node[side];
    if (Array.isArray(next)) node = next;
    else {
      const made: Tree = [undefined, undefined];
      node[side] = made;
      node = made;
    }
  }
}

function numbered(root: Tree): readonly Tree[] {
  const nodes = [root];
  for (const node of nodes) for (const child of node) if (Array.isArray(child)) nodes.push(child);
  return nodes;
}

function nodeOf(left: number, right: number, recordSize: 24 | 28 | 32): Buffer {
  const node = Buffer.alloc(recordSize / 4);
  if (recordSize === 28) {
    node.writeUIntBE(left & 0xff_ffff, 0, 3);
    node.writeUInt8(((left >>> 24) << 4) | (right >>> 24), 3);
    node.writeUIntBE(right & 0xff_ffff, 4, 3);
    return node;
  }
  node.writeUIntBE(left, 0, recordSize / 8);
  node.writeUIntBE(right, recordSize / 8, recordSize / 8);
  return node;
}

/** Texts, lists and maps of at most 284. */
export function encode(value: MmdbValue): Buffer {
  if (typeof value === 'string') return Buffer.concat([control(2, Buffer.byteLength(value)), Buffer.from(value)]);
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(4);
    bytes.writeUInt32BE(value);
    return Buffer.concat([control(6, 4), bytes]);
  }
  if (isList(value)) return Buffer.concat([control(11, value.length), ...value.map(encode)]);
  const entries = Object.entries(value);
  return Buffer.concat([control(7, entries.length), ...entries.flatMap((entry) => entry.map(encode))]);
}

function isList(value: object): value is readonly MmdbValue[] {
  return Array.isArray(value);
}

export function control(type: number, size: number): Buffer {
  const high = type > 7 ? 0 : type << 5;
  const extended = type > 7 ? [type - 7] : [];
  return Buffer.from(size < 29 ? [high | size, ...extended] : [high | 29, ...extended, size - 29]);
}
