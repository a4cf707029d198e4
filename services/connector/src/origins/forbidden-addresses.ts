import { lookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

/** Link-local addresses and those of metadata services outside of them: they hand the credentials of a host to whoever asks. */
const FORBIDDEN = new BlockList();
FORBIDDEN.addSubnet('169.254.0.0', 16, 'ipv4');
FORBIDDEN.addAddress('100.100.100.200', 'ipv4');
FORBIDDEN.addSubnet('fe80::', 10, 'ipv6');
FORBIDDEN.addAddress('fd00:ec2::254', 'ipv6');

export function isForbiddenAddress(address: string): boolean {
  const family = isIP(address);
  return family !== 0 && FORBIDDEN.check(address, family === 4 ? 'ipv4' : 'ipv6');
}

/** Fails as the system does for an address that may not be used. */
export function forbidden(hostname: string, address: string): NodeJS.ErrnoException {
  const text = `origin ${hostname} is at ${address}, which is link-local or a metadata service: connectors never call it`;
  return Object.assign(new Error(text), { code: 'EACCES' });
}

/** The system's lookup without forbidden addresses: what counts is where a name leads now, not what it is called. */
export const lookupOrigin: LookupFunction = (hostname, options, callback) => {
  lookup(hostname, options, (error, found: unknown, family) => {
    if (error) return callback(error, '', 0);
    if (typeof found === 'string') {
      if (isForbiddenAddress(found)) return callback(forbidden(hostname, found), '', 0);
      return callback(null, found, family);
    }
    const all = Array.isArray(found) ? found : [];
    const allowed = all.filter(({ address }) => !isForbiddenAddress(address));
    if (allowed.length === 0) return callback(forbidden(hostname, String(all[0]?.address)), '', 0);
    return callback(null, allowed);
  });
};
