import { connect } from 'node:tls';

/**
 * Where a load tool goes, and with what.
 * @typedef {object} Front
 * @property {string} host name the front knows the app by; the address is always 127.0.0.1
 * @property {number} port
 * @property {string} caFile
 * @property {string} [cookie]
 * @property {string} [wrkHost] host that wrk asks for instead: wrk puts the address into SNI, and not every front takes two
 * names for one request
 */

/**
 * @param {Front} front
 * @returns {string[]} lines of the request head that say where it goes and who asks
 */
export function headersOf({ host, port, cookie }) {
  return [`Host: ${host}:${port}`, ...(cookie === undefined ? [] : [`Cookie: ${cookie}`])];
}

/**
 * @param {Front} front
 * @param {string} ca in PEM
 * @returns {import('node:tls').TLSSocket} that connects, for HTTP/1.1
 */
export function connectTo({ host, port }, ca) {
  const socket = connect({ host: '127.0.0.1', port, servername: host, ca, ALPNProtocols: ['http/1.1'] });
  return socket.setNoDelay(true);
}

/**
 * @param {Front} front
 * @param {string} ca in PEM
 * @param {string} path
 * @returns {{ host: string, port: number, path: string, ca: string, servername: string, headers: Record<string, string>,
 * agent: false }} of one request on a connection of its own
 */
export function requestOptionsOf(front, ca, path) {
  const headers = Object.fromEntries(headersOf(front).map((header) => header.split(/: (.*)/s)));
  return { host: '127.0.0.1', port: front.port, path, ca, servername: front.host, headers, agent: false };
}
