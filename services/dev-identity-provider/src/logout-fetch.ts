import { readFileSync } from 'node:fs';
import { rootCertificates } from 'node:tls';
import { Agent } from 'undici';
import { loopbackLookup } from '#libs/identity';
import { fileError } from './errors.ts';

/** Connections to the relying party at once; further logout tokens wait for one within oidc-provider's 2.5 s. */
const MAX_CONNECTIONS = 4;

/**
 * How logout tokens are posted: `*.localhost` is this machine, certificates may be of `caFile`. oidc-provider's own way refuses
 * addresses of this machine, which is right for everybody but us. Error: ERR_DEV_IDP_FILE.
 */
export function createLogoutFetch(caFile: string | undefined): typeof globalThis.fetch {
  const ca = caFile === undefined ? {} : { ca: [...rootCertificates, readOrFail(caFile)] };
  const dispatcher = new Agent({ connections: MAX_CONNECTIONS, connect: { lookup: loopbackLookup, ...ca } });
  return (url, options) => {
    const init = { ...options };
    // undici's option, which the types of Node.js know by those of another undici.
    Reflect.set(init, 'dispatcher', dispatcher);
    return globalThis.fetch(url, init);
  };
}

function readOrFail(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw fileError(path, 'CA file of the back channel', cause);
  }
}
