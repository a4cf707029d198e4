import { freePort } from '../free-port.mjs';
import { requireSameWork } from './target.mjs';
import { untilListening } from './until-listening.mjs';

/**
 * A reverse tunnel (SSH over WebSocket) to the origin's own TLS listener: chisel ends no TLS of users.
 * @param {import('./target.mjs').Surroundings} surroundings
 * @returns {Promise<import('./target.mjs').Started>}
 */
export async function startChisel({ children, origin, certificate }) {
  const [serverPort, frontPort] = [await freePort(), await freePort()];
  const server = children.start('chisel server', 'chisel', [
    'server',
    '--host',
    '127.0.0.1',
    '--port',
    `${serverPort}`,
    '--reverse',
  ]);
  await untilListening(server, serverPort);
  const remote = `R:127.0.0.1:${frontPort}:127.0.0.1:${origin.httpsPort}`;
  const client = children.start('chisel client', 'chisel', ['client', `http://127.0.0.1:${serverPort}`, remote]);
  await untilListening(client, frontPort);
  const front = { host: certificate.host, port: frontPort, caFile: certificate.certFile };
  await requireSameWork('chisel', front);
  const processes = { 'chisel-server': server.pid, 'chisel-client': client.pid, origin: origin.pid };
  return { targets: [{ name: 'chisel', front, processes, watched: ['chisel-server', 'chisel-client'] }], absent: [] };
}
