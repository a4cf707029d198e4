import { isIPv4, isIPv6 } from 'node:net';

/** An IPv4 address that is written as an IPv6 one (`::ffff:192.0.2.1`, RFC 4291 section 2.5.5.2) is an IPv4 address here. */
export type Address = { readonly family: 4 | 6; readonly value: bigint };

/** From `first` on, as many addresses as `prefix` leaves open. */
export type AddressRange = { readonly family: 4 | 6; readonly first: bigint; readonly prefix: number };

export const ADDRESS_BITS = { 4: 32, 6: 128 } as const;

/** The longest text of an address with a zone that is read; longer ones are none. */
const MAX_ADDRESS_LENGTH = 64;
const MAPPED_PREFIX = 96;
const MAPPED = 0xffffn;

/** Total: undefined when the text is no address. A zone (`fe80::1%eth0`) is left out. */
export function parseAddress(text: string): Address | undefined {
  if (text.length > MAX_ADDRESS_LENGTH) return undefined;
  if (isIPv4(text)) return { family: 4, value: BigInt(numberOfIpv4(text)) };
  if (!isIPv6(text)) return undefined;
  const value = valueOfIpv6(text.split('%', 1)[0] ?? text);
  return value >> 32n === MAPPED ? { family: 4, value: value & 0xffff_ffffn } : { family: 6, value };
}

/** Total: undefined when the text is no range in CIDR notation. Bits behind the prefix are ignored. */
export function parseRange(text: string): AddressRange | undefined {
  const [address = '', length = '', ...rest] = text.split('/');
  if (rest.length > 0 || !/^\d{1,3}$/.test(length)) return undefined;
  const isWrittenAsIpv6 = address.includes(':');
  const parsed = parseAddress(address);
  if (parsed === undefined) return undefined;
  const written = Number(length);
  if (written > ADDRESS_BITS[isWrittenAsIpv6 ? 6 : 4]) return undefined;
  const isMapped = isWrittenAsIpv6 && parsed.family === 4;
  if (isMapped && written < MAPPED_PREFIX) return rangeOf(6, (MAPPED << 32n) | parsed.value, written);
  return rangeOf(parsed.family, parsed.value, isMapped ? written - MAPPED_PREFIX : written);
}

export function lastOf(range: AddressRange): bigint {
  return range.first + (1n << BigInt(ADDRESS_BITS[range.family] - range.prefix)) - 1n;
}

/**
 * Whether two addresses are of one network as far as an outsider sees it: the same IPv4 address, or the same /64 of IPv6, within which
 * devices change their address on their own (RFC 8981).
 */
export function isSameNetwork(one: Address, other: Address): boolean {
  if (one.family !== other.family) return false;
  return one.family === 4 ? one.value === other.value : one.value >> 64n === other.value >> 64n;
}

/** The first of `candidates` that is of the other IP family than `address`; undefined where one of both cannot be read. Total. */
export function addressOfOtherFamily(address: string, candidates: readonly string[]): string | undefined {
  const family = parseAddress(address)?.family;
  return candidates.find((candidate) => {
    const other = parseAddress(candidate)?.family;
    return family !== undefined && other !== undefined && other !== family;
  });
}

export function textOfAddress({ family, value }: Address): string {
  const size = family === 4 ? 8 : 16;
  const parts: string[] = [];
  for (let shift = ADDRESS_BITS[family] - size; shift >= 0; shift -= size) {
    parts.push(BigInt.asUintN(size, value >> BigInt(shift)).toString(family === 4 ? 10 : 16));
  }
  return parts.join(family === 4 ? '.' : ':');
}

function rangeOf(family: 4 | 6, value: bigint, prefix: number): AddressRange {
  const open = BigInt(ADDRESS_BITS[family] - prefix);
  return { family, first: (value >> open) << open, prefix };
}

function numberOfIpv4(text: string): number {
  return text.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

/** Of a text that is known to be an IPv6 address. */
function valueOfIpv6(text: string): bigint {
  const [head = '', tail] = text.split('::', 2);
  const left = groupsOf(head);
  const right = tail === undefined ? [] : groupsOf(tail);
  const zeros = Array.from({ length: Math.max(0, 8 - left.length - right.length) }, () => 0);
  return [...left, ...zeros, ...right].reduce((sum, group) => (sum << 16n) | BigInt(group), 0n);
}

function groupsOf(text: string): number[] {
  if (text === '') return [];
  return text.split(':').flatMap((group) => {
    if (!group.includes('.')) return [Number.parseInt(group, 16)];
    const ipv4 = numberOfIpv4(group);
    return [Math.floor(ipv4 / 65_536), ipv4 % 65_536];
  });
}
