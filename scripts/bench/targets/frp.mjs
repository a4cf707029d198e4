import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePort } from '../free-port.mjs';
import { requireSameWork } from './target.mjs';
import { untilListening } from './until-listening.mjs';

/**
 * frps carries the user's TLS connection to frpc, which ends it (plugin `https2http`) and calls the origin.
 * @param {import('./target.mjs').Surroundings} surroundings
 * @returns {Promise<import('./target.mjs').Started>}
 */
export async function startFrp({ folder: parent, children, origin, certificate }) {
  const folder = join(parent, 'frp');
  mkdirSync(folder, { mode: 0o700 });
  const [serverPort, frontPort] = [await freePort(), await freePort()];
  const write = (/** @type {string} */ name, /** @type {string} */ text) => {
    writeFileSync(join(folder, name), text, { mode: 0o600 });
    return join(folder, name);
  };
  const frps = children.start('frps', 'frps', ['-c', write('frps.toml', serverConfig(serverPort))]);
  await untilListening(frps, serverPort);
  const client = clientConfig({ serverPort, frontPort, originPort: origin.httpPort, ...certificate });
  const frpc = children.start('frpc', 'frpc', ['-c', write('frpc.toml', client)]);
  await untilListening(frpc, frontPort);
  // frpc answers 421 when SNI and Host differ.
  const front = { host: certificate.host, port: frontPort, caFile: certificate.certFile, wrkHost: '127.0.0.1' };
  await requireSameWork('frp', front);
  const processes = { frps: frps.pid, frpc: frpc.pid, origin: origin.pid };
  return { targets: [{ name: 'frp', front, processes, watched: ['frps', 'frpc'] }], absent: [] };
}

/** @param {number} port */
function serverConfig(port) {
  return `bindAddr = "127.0.0.1"
bindPort = ${port}
proxyBindAddr = "127.0.0.1"
log.level = "warn"
`;
}

/** @param {{ serverPort: number, frontPort: number, originPort: number, certFile: string, keyFile: string }} input */
function clientConfig({ serverPort, frontPort, originPort, certFile, keyFile }) {
  return `serverAddr = "127.0.0.1"
serverPort = ${serverPort}
log.level = "warn"

[[proxies]]
name = "bench"
type = "tcp"
remotePort = ${frontPort}
[proxies.plugin]
type = "https2http"
localAddr = "127.0.0.1:${originPort}"
crtPath = ${JSON.stringify(certFile)}
keyPath = ${JSON.stringify(keyFile)}
enableHTTP2 = false
`;
}
