import { SallyportError } from '#libs/errors';

/** ERR_DEV_IDP_FILE: a certificate, key or secret file cannot be read or holds something else. */
export function fileError(path: string, what: string, cause: unknown): SallyportError {
  return new SallyportError('ERR_DEV_IDP_FILE', `${what} ${path} cannot be used`, {
    cause,
    expose: true,
    details: { path },
  });
}

/** ERR_DEV_IDP_LISTEN: the address is taken or not ours. */
export function listenError(address: string, cause: unknown): SallyportError {
  return new SallyportError('ERR_DEV_IDP_LISTEN', `cannot listen on ${address}`, {
    cause,
    expose: true,
    details: { address },
  });
}
