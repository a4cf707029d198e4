import { ADDRESS_BITS, type Address, type AddressRange } from './address.ts';

/** Ranges of one length: what they hold by the bits in front. */
type Length = { readonly open: bigint; readonly holders: Map<bigint, string[]> };

/**
 * Which ids hold an address. A look-up asks one map for each length of prefix that occurs, so its time does not grow with the number
 * of ranges: 33 look-ups at most for IPv4, 129 for IPv6.
 */
export type RangeTable = { readonly 4: readonly Length[]; readonly 6: readonly Length[] };

export function createRangeTable(ranges: readonly { readonly id: string; readonly range: AddressRange }[]): RangeTable {
  const lengths = { 4: new Map<number, Length>(), 6: new Map<number, Length>() };
  for (const { id, range } of ranges) {
    const { family, first, prefix } = range;
    const length = lengths[family].get(prefix) ?? { open: BigInt(ADDRESS_BITS[family] - prefix), holders: new Map() };
    lengths[family].set(prefix, length);
    const key = first >> length.open;
    const holders = length.holders.get(key);
    if (holders === undefined) length.holders.set(key, [id]);
    else if (!holders.includes(id)) holders.push(id);
  }
  return { 4: [...lengths[4].values()], 6: [...lengths[6].values()] };
}

export function addHolders(table: RangeTable, address: Address, into: Set<string>): void {
  for (const { open, holders } of table[address.family]) {
    for (const id of holders.get(address.value >> open) ?? []) into.add(id);
  }
}
