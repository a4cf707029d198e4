import { BlockList, isIP } from 'node:net';
import { SallyportError } from '#libs/errors';

const MAPPED = '::ffff:';
/** Hops read from the right of X-Forwarded-For; more are ignored. */
const MAX_HOPS = 32;

export type ClientAddress = {
  /** The address the request is judged and recorded by. */
  readonly address: string;
  /** Value of X-Forwarded-For towards the origin. */
  readonly forwardedFor: string;
};

export type ClientAddressReader = (remoteAddress: string | undefined, xForwardedFor: string) => ClientAddress;

/**
 * Who is calling. Without a trusted proxy in front it is the peer of the socket and what the user wrote into
 * X-Forwarded-For is discarded; behind trusted proxies it is the rightmost address that is not one of them.
 * Error: ERR_INGRESS_TRUSTED_PROXY for an entry that is neither an address nor a CIDR block.
 */
export function createClientAddressReader(trustedProxies: readonly string[]): ClientAddressReader {
  if (trustedProxies.length === 0) return (remote) => untrusted(plain(remote));
  const trusted = new BlockList();
  for (const entry of trustedProxies) addBlock(trusted, entry);
  const isTrusted = (address: string) => {
    const family = isIP(address);
    return family !== 0 && trusted.check(address, family === 4 ? 'ipv4' : 'ipv6');
  };
  return (remote, xForwardedFor) => {
    const peer = plain(remote);
    if (xForwardedFor === '' || !isTrusted(peer)) return untrusted(peer);
    const hops = xForwardedFor
      .split(',')
      .map((hop) => hop.trim())
      .slice(-MAX_HOPS);
    const valid = hops.slice(hops.findLastIndex((hop) => isIP(plain(hop)) === 0) + 1).map(plain);
    const client = valid.findLast((hop) => !isTrusted(hop)) ?? valid[0] ?? peer;
    return { address: client, forwardedFor: [...valid, peer].join(', ') };
  };
}

function untrusted(peer: string): ClientAddress {
  return { address: peer, forwardedFor: peer };
}

function plain(address: string | undefined): string {
  if (address === undefined) return 'unknown';
  return address.startsWith(MAPPED) && address.includes('.') ? address.slice(MAPPED.length) : address;
}

function addBlock(list: BlockList, entry: string): void {
  const [address = '', prefix] = entry.split('/');
  const family = isIP(address);
  const bits = prefix === undefined ? (family === 4 ? 32 : 128) : Number(prefix);
  const isValid = family !== 0 && Number.isInteger(bits) && bits >= 0 && bits <= (family === 4 ? 32 : 128);
  if (!isValid) {
    throw new SallyportError(
      'ERR_INGRESS_TRUSTED_PROXY',
      `trustedProxies entry ${entry} is not an address or CIDR block`,
      {
        expose: true,
        details: { entry },
      },
    );
  }
  list.addSubnet(address, bits, family === 4 ? 'ipv4' : 'ipv6');
}
