import { requireSameWork } from './target.mjs';

/**
 * The origin's own TLS listener: what there is to lose.
 * @param {import('./target.mjs').Surroundings} surroundings
 * @returns {Promise<import('./target.mjs').Started>}
 */
export async function startDirect({ origin, certificate }) {
  const front = { host: certificate.host, port: origin.httpsPort, caFile: certificate.certFile };
  await requireSameWork('direct', front);
  return { targets: [{ name: 'direct', front, processes: { origin: origin.pid }, watched: ['origin'] }], absent: [] };
}
