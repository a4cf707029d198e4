import { connect } from 'node:tls';
import { importBuilt } from '../system.mjs';
import { LeafReader } from './leaf-reader.mjs';

const LINK_TIMEOUT_MS = 15_000;
/** The version a real leaf of this hub would report. */
const VERSION = '2.15.1';

/** @typedef {(subject: string, payload: Buffer, status: undefined) => void} OnMessage */

/**
 * One connector's link to the hub, spoken by hand: TLS with its certificate, CONNECT with its user JWT and a signed nonce,
 * subscriptions, messages, pings. What a nats-server between connector and hub would add is left out, its process too.
 * @param {object} input
 * @param {string} input.address `tls://host:port`
 * @param {{ certificate: string, key: string, trust: string, credentials: string }} input.files their texts
 * @param {string} input.name
 * @param {(reason: string) => void} input.onLost once, when an open link ends
 * @returns {Promise<{ transport: object, close: () => void }>} `transport` is a TunnelTransport
 */
export async function openLeafLink({ address, files, name, onLost }) {
  const { nkeyFromSeed, parseCredentials } = await importBuilt('libs/nats-identity/src/index.js');
  const { jwt, seed } = parseCredentials(files.credentials);
  const { hostname, port } = new URL(address.replace('tls:', 'https:'));
  const socket = connect({
    host: '127.0.0.1',
    port: Number(port),
    servername: hostname,
    ca: files.trust,
    cert: files.certificate,
    key: files.key,
  });
  socket.setNoDelay(true);
  /** @type {Map<string, OnMessage>} pattern, with at most a wildcard at its end or in its last token */
  const handlers = new Map();
  const greet = (/** @type {string} */ info) => {
    const { nonce } = JSON.parse(info);
    const sig = Buffer.from(nkeyFromSeed(seed, 'user').sign(Buffer.from(nonce))).toString('base64url');
    const fields = { jwt, sig, tls_required: true, server_id: `N${name}`, name, version: VERSION, headers: true };
    socket.write(
      `CONNECT ${JSON.stringify({ ...fields, compression: 'off', proto: 1, remote_account: 'BENCH' })}\r\nPING\r\n`,
    );
  };
  await new Promise((/** @type {(value: undefined) => void} */ resolve, reject) => {
    const timer = setTimeout(() => fail(`was not open within ${LINK_TIMEOUT_MS} ms`), LINK_TIMEOUT_MS);
    let isOpen = false;
    let isGreeted = false;
    const fail = (/** @type {string} */ reason) => {
      clearTimeout(timer);
      socket.destroy();
      if (isOpen) onLost(reason);
      else reject(new Error(`the link of ${name} ${reason}`));
    };
    const reader = new LeafReader();
    socket.on('error', (error) => fail(error.message));
    socket.on('close', () => fail('was closed'));
    socket.on('data', (bytes) => {
      for (const { line, payload } of reader.read(bytes)) {
        if (payload !== undefined) deliver(handlers, line.split(' ')[1] ?? '', payload);
        else if (line === 'PING') socket.write('PONG\r\n');
        else if (line.startsWith('-ERR')) fail(line);
        else if (line.startsWith('INFO') && !isGreeted) {
          isGreeted = true;
          greet(line.slice('INFO '.length));
        } else if (line === 'PONG' && !isOpen) {
          isOpen = true;
          clearTimeout(timer);
          resolve(undefined);
        }
      }
    });
  });
  const transport = {
    publish: (/** @type {string} */ subject, /** @type {Uint8Array} */ packet) => {
      socket.write(Buffer.concat([Buffer.from(`LMSG ${subject} ${packet.length}\r\n`), packet, Buffer.from('\r\n')]));
    },
    subscribe: (
      /** @type {string} */ subject,
      /** @type {{ queue?: string }} */ { queue },
      /** @type {OnMessage} */ onMessage,
    ) => {
      handlers.set(subject, onMessage);
      socket.write(queue === undefined ? `LS+ ${subject}\r\n` : `LS+ ${subject} ${queue} 1\r\n`);
      const close = () => {
        if (handlers.delete(subject))
          socket.write(queue === undefined ? `LS- ${subject}\r\n` : `LS- ${subject} ${queue}\r\n`);
      };
      return { close, drain: async () => close() };
    },
  };
  return { transport, close: () => socket.removeAllListeners('close').destroy() };
}

/**
 * @param {Map<string, OnMessage>} handlers
 * @param {string} subject
 * @param {Buffer} payload
 */
function deliver(handlers, subject, payload) {
  for (const [pattern, handler] of handlers) {
    const stem = /^(.*?)(?:[>*].*)?$/.exec(pattern)?.[1] ?? pattern;
    if (stem === pattern ? subject === pattern : subject.startsWith(stem)) return handler(subject, payload, undefined);
  }
}
