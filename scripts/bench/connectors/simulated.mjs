// Many connectors in one process: each enrolls as every connector does (token, key, certificate, configuration), links to the
// hub with its own certificate and user, joins its group's queue and sends its heartbeats through the tunnel library. They
// lead to no origin: their group serves no app. Orders as JSON in the first argument; the administrator's access token comes
// on the first line of stdin. One JSON line when all are linked, and one when any link is lost.

import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { importBuilt } from '../system.mjs';
import { openLeafLink } from './leaf-link.mjs';

/**
 * @typedef {object} SimulationOrder
 * @property {number} first number of the first connector
 * @property {number} count
 * @property {string} service URL of the connector endpoint
 * @property {string} caFile
 * @property {string} folder
 * @property {string} group
 */

const ENROLLMENTS_AT_ONCE = 4;
/** @type {SimulationOrder} */
const order = JSON.parse(process.argv[2] ?? '{}');
const [{ enroll }, { Secret }, { TunnelServer }] = await Promise.all([
  importBuilt('services/connector/src/enrollment/enroll.js'),
  importBuilt('libs/config/src/index.js'),
  importBuilt('libs/tunnel-protocol/src/index.js'),
]);
const lines = createInterface({ input: process.stdin });
const token = await new Promise((/** @type {(line: string) => void} */ resolve) => lines.once('line', resolve));
// The bench holds the other end of stdin: when it is gone, in whatever way, so is this process.
lines.once('close', () => process.exit(0));
const endpointTrust = readFileSync(order.caFile, 'utf8');

/** @param {object} event */
const say = (event) => process.stdout.write(`${JSON.stringify(event)}\n`);

/** @param {number} number */
async function connect(number) {
  const name = `bench-connector-${number}`;
  const { identity, paths } = await enroll({
    service: order.service,
    name,
    machineName: hostname(),
    connectorGroupId: order.group,
    stateDir: join(order.folder, name),
    endpointTrust,
    force: false,
    acquireToken: async () => new Secret(token),
  });
  const read = (/** @type {string} */ file) => readFileSync(file, 'utf8');
  const { connectorGroupId: group, queue, status } = JSON.parse(read(paths.configuration));
  if (status !== 'active') throw new Error(`${name} is ${status}, expected active`);
  const { transport } = await openLeafLink({
    address: identity.leafAddresses[0],
    files: {
      certificate: read(paths.certificate),
      key: read(paths.privateKey),
      trust: read(paths.trust),
      credentials: read(paths.credentials),
    },
    name,
    onLost: (reason) => say({ event: 'lost', name, reason }),
  });
  const server = new TunnelServer({
    transport,
    connectorId: identity.connectorId,
    onRequest: (/** @type {{ refuse?: () => void }} */ exchange) => exchange.refuse?.(),
  });
  server.serve({ group, queue });
}

let next = order.first;
const end = order.first + order.count;
await Promise.all(
  Array.from({ length: ENROLLMENTS_AT_ONCE }, async () => {
    while (next < end) {
      next += 1;
      await connect(next - 1);
    }
  }),
);
say({ event: 'ready', linked: order.count });
