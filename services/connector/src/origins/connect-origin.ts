import { connect, isIP, type Socket } from 'node:net';
import { connect as connectTls, type SecureContext, type TLSSocket } from 'node:tls';
import { lookupOrigin } from './forbidden-addresses.ts';
import { type OpenSocket, SEND_BUFFER_BYTES } from './origin-connection.ts';
import type { OriginTarget } from './origin-target.ts';
import type { OriginTrust } from './origin-trust.ts';

/**
 * Buffer all connections read into, bytes: a read is handed on before the next begins. Larger reads mean fewer system calls
 * in bulk (256 KiB measured no faster); what waits for the user grows by at most this much.
 */
export const READ_BUFFER_BYTES = 64 * 1024;
/** TCP keep-alive finds a peer that vanished under an idle upgraded connection, milliseconds. */
const TCP_KEEP_ALIVE_MS = 60_000;

/** Opens sockets to one origin. Both throw when the app's certificates cannot be used. */
export type OriginOpener = {
  /** For HTTP/1.1: reads go to the callback, out of the shared buffer. */
  readonly openHttp1: OpenSocket;
  /** A socket as Node makes it, that offers these protocols by ALPN when it is TLS. */
  open(protocols: readonly string[]): Socket;
};

/**
 * How connections to this origin are opened. All addresses of a name are tried (RFC 8305, by Node), forbidden ones left
 * out. The certificate must name the origin, whatever Host says. The last TLS session is offered again: a resumed handshake
 * costs a quarter.
 */
export function createOpener(target: OriginTarget, readBuffer: Buffer, trust: OriginTrust): OriginOpener {
  const { hostname, port, tls } = target;
  const common = {
    host: hostname,
    port,
    lookup: lookupOrigin,
    allowHalfOpen: true,
    highWaterMark: SEND_BUFFER_BYTES,
    noDelay: true,
    keepAlive: true,
    keepAliveInitialDelay: TCP_KEEP_ALIVE_MS,
  };
  let session: Buffer | undefined;
  let context: SecureContext | undefined;
  const openTls = (protocols: readonly string[], more: object): TLSSocket => {
    const current = tls && trust.contextFor(tls);
    // A session made with another certificate of ours would be resumed as that one.
    if (current !== context) session = undefined;
    context = current;
    const socket = connectTls({
      ...common,
      ...more,
      rejectUnauthorized: tls?.validateCertificate !== false,
      ALPNProtocols: [...protocols],
      ...(current ? { secureContext: current } : {}),
      ...(isIP(hostname) === 0 ? { servername: hostname } : {}),
      ...(session === undefined ? {} : { session }),
    });
    // Node sets these two on plain sockets only.
    socket.setNoDelay(true);
    socket.setKeepAlive(true, TCP_KEEP_ALIVE_MS);
    return socket.on('session', (ticket) => {
      if (current === context) session = ticket;
    });
  };
  return {
    openHttp1: (onRead) => {
      const callback = (bytes: number): boolean => onRead(readBuffer.subarray(0, bytes));
      const onread = { buffer: readBuffer, callback };
      return tls === undefined ? connect({ ...common, onread }) : openTls(['http/1.1'], { onread });
    },
    open: (protocols) => (tls === undefined ? connect(common) : openTls(protocols, {})),
  };
}
