import { request as plainRequest } from 'node:http';
import { request as tlsRequest } from 'node:https';
import { connect as connectPlain } from 'node:net';
import { connect as connectTls } from 'node:tls';

const TIMEOUT_MS = 30_000;

/**
 * @typedef {object} Question
 * @property {string} [path] default /
 * @property {string} [method] default GET
 * @property {Readonly<Record<string, string | number>>} [headers]
 * @property {Iterable<Buffer>} [body] blocks, sent no faster than they are taken
 * @property {(chunk: Buffer) => void} [onData] for bodies that are not to be gathered
 * @property {number} [timeoutMs] without a byte; default 30 s
 */

/**
 * One request on a connection of its own, to an app or (given a port) to the origin itself.
 * @param {import('./world.mjs').Front | number} where
 * @param {Question} question
 * @returns {Promise<{ status: number, headers: import('node:http').IncomingHttpHeaders, body: Buffer }>}
 */
export function ask(where, { path = '/', method = 'GET', headers = {}, body, onData, timeoutMs = TIMEOUT_MS }) {
  return new Promise((resolve, reject) => {
    const same = { host: '127.0.0.1', path, method, agent: false, timeout: timeoutMs };
    const call =
      typeof where === 'number'
        ? plainRequest({ ...same, port: where, headers })
        : tlsRequest({
            ...same,
            port: where.port,
            ca: where.ca,
            servername: where.host,
            headers: { ...fieldsOf(where), ...headers },
          });
    call.on('timeout', () => call.destroy(new Error(`nothing came for ${timeoutMs} ms`)));
    call.on('error', reject);
    call.on('response', (response) => {
      /** @type {Buffer[]} */
      const chunks = [];
      response.on('data', onData ?? ((/** @type {Buffer} */ chunk) => chunks.push(chunk)));
      response.on('error', reject);
      response.on('end', () => {
        if (!response.complete) reject(new Error('the answer was cut'));
        else resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks) });
      });
    });
    if (body === undefined) call.end();
    else void sendBlocks(call, body).catch(reject);
  });
}

/**
 * @param {import('node:http').ClientRequest} call
 * @param {Iterable<Buffer>} blocks
 */
async function sendBlocks(call, blocks) {
  for (const block of blocks) {
    if (call.destroyed) return;
    if (call.write(block)) continue;
    await untilTaken(call);
  }
  call.end();
}

/** @param {import('node:http').ClientRequest} call */
function untilTaken(call) {
  return new Promise((resolve) => {
    const done = () => {
      call.off('drain', done);
      call.off('close', done);
      resolve(undefined);
    };
    call.on('drain', done);
    call.on('close', done);
  });
}

/**
 * @param {import('./world.mjs').Front} front
 * @returns {Record<string, string>}
 */
export function fieldsOf({ host, port, cookie }) {
  return { host: `${host}:${port}`, ...(cookie === undefined ? {} : { cookie }) };
}

/**
 * A socket for bytes no client library would send.
 * @param {import('./world.mjs').Front | number} where
 * @param {{ alpn?: string[] }} [options]
 * @returns {Promise<import('node:tls').TLSSocket | import('node:net').Socket>}
 */
export function openSocket(where, { alpn } = {}) {
  return new Promise((resolve, reject) => {
    const done = () => resolve(socket);
    const socket =
      typeof where === 'number'
        ? connectPlain({ host: '127.0.0.1', port: where }, done)
        : connectTls(
            {
              host: '127.0.0.1',
              port: where.port,
              ca: where.ca,
              servername: where.host,
              ...(alpn === undefined ? {} : { ALPNProtocols: alpn }),
            },
            done,
          );
    socket.once('error', reject);
    socket.on('error', () => undefined);
  });
}
