import type { Server, Socket } from 'node:net';
import { type SecureContext, TLSSocket } from 'node:tls';
import { MAX_HELLO_BYTES, readClientHello } from './client-hello.ts';

/** ALPN protocol of the validation (RFC 8737, 6.2). */
export const ACME_PROTOCOL = 'acme-tls/1';
/** A connection that says nothing for so long while a challenge is pending is closed. */
const HELLO_TIMEOUT_MS = 10_000;

/** Certificates that answer pending challenges, by host name in lower case. */
export type PendingChallenges = Map<string, SecureContext>;

/**
 * Lets a TLS server answer TLS-ALPN-01 beside its own protocols, on its one port. While a challenge is pending, each new
 * connection's hello is read first: one that asks for `acme-tls/1` at a challenged host gets that certificate and is
 * closed, every other goes on to the server untouched. Without a pending challenge nothing is read. Call it right after
 * the server was made, before other `connection` listeners.
 */
export function answerChallenges(server: Server, pending: PendingChallenges): void {
  const [accept] = server.listeners('connection');
  if (accept === undefined) throw new Error('a TLS server listens to its own connections');
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    if (pending.size === 0) accept.call(server, socket);
    else peek(socket, pending, () => accept.call(server, socket));
  });
}

function peek(socket: Socket, pending: PendingChallenges, goOn: () => void): void {
  let seen: Buffer = Buffer.alloc(0);
  const timer = setTimeout(() => socket.destroy(), HELLO_TIMEOUT_MS);
  const finish = (act: () => void) => {
    clearTimeout(timer);
    socket.off('readable', onReadable);
    socket.off('end', onGone);
    socket.off('error', onGone);
    act();
  };
  const onGone = () => finish(() => socket.destroy());
  const onReadable = () => {
    for (let chunk: Buffer | null = socket.read(); chunk !== null; chunk = socket.read())
      seen = seen.length === 0 ? chunk : Buffer.concat([seen, chunk]);
    const hello = readClientHello(seen);
    if (hello === 'incomplete' && seen.length < MAX_HELLO_BYTES) return;
    finish(() => {
      if (seen.length > 0) socket.unshift(seen);
      const context =
        typeof hello === 'object' && hello.protocols.includes(ACME_PROTOCOL)
          ? pending.get(hello.servername)
          : undefined;
      if (context === undefined) goOn();
      else answer(socket, context);
    });
  };
  socket.on('readable', onReadable);
  socket.on('end', onGone);
  socket.on('error', onGone);
}

/** The handshake is the whole answer. */
function answer(socket: Socket, secureContext: SecureContext): void {
  const tls = new TLSSocket(socket, { isServer: true, secureContext, ALPNProtocols: [ACME_PROTOCOL] });
  const timer = setTimeout(() => tls.destroy(), HELLO_TIMEOUT_MS);
  tls.on('secure', () => tls.end());
  tls.on('close', () => clearTimeout(timer));
  // A validator that goes away in the middle is one that asks again.
  tls.on('error', () => tls.destroy());
  tls.resume();
}
