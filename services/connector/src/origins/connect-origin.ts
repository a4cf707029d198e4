import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls, createSecureContext, rootCertificates, type SecureContext } from 'node:tls';
import { lookupOrigin } from './forbidden-addresses.ts';
import { type OpenSocket, SEND_BUFFER_BYTES } from './origin-connection.ts';
import type { OriginTarget } from './origin-rules.ts';

/**
 * Buffer all connections read into, bytes: a read is handed on before the next begins. Larger reads mean fewer system calls
 * in bulk; what waits for the user grows by at most this much.
 */
export const READ_BUFFER_BYTES = 64 * 1024;

/**
 * How connections to this origin are opened. All addresses of a name are tried (RFC 8305, by Node), forbidden ones left
 * out. The certificate must name the origin, whatever Host says. The last TLS session is offered again: a resumed handshake
 * costs a quarter.
 */
export function originSocketOpener(
  target: OriginTarget,
  readBuffer: Buffer,
  secureContext: SecureContext | undefined,
): OpenSocket {
  const { hostname, port } = target;
  const common = { host: hostname, port, lookup: lookupOrigin, allowHalfOpen: true, highWaterMark: SEND_BUFFER_BYTES };
  let session: Buffer | undefined;
  return (onRead) => {
    const onread = {
      buffer: readBuffer,
      callback: (bytes: number): boolean => onRead(readBuffer.subarray(0, bytes)),
    };
    if (secureContext === undefined) return prepared(connect({ ...common, onread }));
    const options = {
      ...common,
      onread,
      secureContext,
      rejectUnauthorized: target.validateCertificate,
      ALPNProtocols: ['http/1.1'],
      ...(isIP(hostname) === 0 ? { servername: hostname } : {}),
      ...(session === undefined ? {} : { session }),
    };
    const socket = connectTls(options);
    socket.on('session', (ticket) => {
      session = ticket;
    });
    return prepared(socket);
  };
}

/** Trust and own certificate of connections to one origin, read once: the system's authorities and these. */
export function originSecureContext(target: OriginTarget, trust: readonly string[]): SecureContext | undefined {
  if (!target.isTls) return undefined;
  return createSecureContext(trust.length > 0 ? { ca: [...rootCertificates, ...trust] } : {});
}

function prepared(socket: Socket): Socket {
  return socket.setNoDelay(true);
}
