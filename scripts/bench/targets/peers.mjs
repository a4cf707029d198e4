import { findOnPath } from '../../bootstrap/project.mjs';
import { startChisel } from './chisel.mjs';
import { startFrp } from './frp.mjs';

/**
 * @typedef {object} Peer
 * @property {string} name
 * @property {readonly string[]} programs it needs on PATH
 * @property {(surroundings: import('./target.mjs').Surroundings) => Promise<import('./target.mjs').Started>} [start] absent:
 * this bench does not drive it
 */

/** What people use today. @type {readonly Peer[]} */
const PEERS = [
  { name: 'frp', programs: ['frps', 'frpc'], start: startFrp },
  { name: 'oauth2-proxy', programs: ['oauth2-proxy'] },
  { name: 'chisel', programs: ['chisel'], start: startChisel },
  { name: 'rathole', programs: ['rathole'] },
  { name: 'cloudflared', programs: ['cloudflared'] },
];

/**
 * @param {NodeJS.ProcessEnv} env
 * @returns {{ present: (Peer & Required<Pick<Peer, 'start'>>)[], absent: import('../report.mjs').Absence[] }} those that can be
 * measured, and the others with the reason
 */
export function lookForPeers(env) {
  /** @type {ReturnType<typeof lookForPeers>} */
  const found = { present: [], absent: [] };
  for (const { name, programs, start } of PEERS) {
    const missing = programs.filter((program) => findOnPath(program, env) === undefined);
    if (missing.length > 0) found.absent.push({ name, status: 'missing', reason: `${missing.join(', ')} not on PATH` });
    else if (start === undefined)
      found.absent.push({ name, status: 'not-run', reason: 'on PATH; this bench does not drive it yet' });
    else found.present.push({ name, programs, start });
  }
  return found;
}
