import { SallyportError } from '#libs/errors';

/** The listener's address is taken, or may not be taken. */
export function listenFailed(host: string, port: number, cause: unknown): SallyportError {
  const reason = cause instanceof Error && 'code' in cause ? cause.code : undefined;
  const details = { host, port };
  if (reason === 'EADDRINUSE') {
    return new SallyportError(
      'ERR_INGRESS_PORT_IN_USE',
      `port ${port} on ${host} is in use by another process: stop it, or set another port for the ingress`,
      { cause, expose: true, details },
    );
  }
  if (reason === 'EACCES') {
    return new SallyportError(
      'ERR_INGRESS_PORT_DENIED',
      `port ${port} on ${host} may not be opened by this user: ports below 1024 need the right to bind them`,
      { cause, expose: true, details },
    );
  }
  return new SallyportError('ERR_INGRESS_LISTEN', `cannot listen on ${host} port ${port}`, {
    cause,
    expose: true,
    details,
  });
}

/** Certificate or key are unreadable, not PEM, or do not belong together. */
export function certificateInvalid(certFile: string, keyFile: string, cause: unknown): SallyportError {
  const why = cause instanceof Error ? cause.message : 'unknown reason';
  return new SallyportError(
    'ERR_INGRESS_CERTIFICATE',
    `certificate ${certFile} and key ${keyFile} cannot be used (${why}): expected a PEM chain and its private key`,
    { cause, expose: true, details: { certFile, keyFile } },
  );
}
