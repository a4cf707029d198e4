import { findOnPath } from '../../bootstrap/project.mjs';

/** What people use today, by the programs each needs. */
const PEERS = {
  frp: ['frps', 'frpc'],
  'oauth2-proxy': ['oauth2-proxy'],
  chisel: ['chisel'],
  rathole: ['rathole'],
  cloudflared: ['cloudflared'],
};

/**
 * @param {NodeJS.ProcessEnv} env
 * @returns {{ name: string, status: 'missing' | 'not-run', reason: string }[]}
 */
export function lookForPeers(env) {
  return Object.entries(PEERS).map(([name, programs]) => {
    const absent = programs.filter((program) => findOnPath(program, env) === undefined);
    if (absent.length > 0) return { name, status: 'missing', reason: `${absent.join(', ')} not on PATH` };
    return { name, status: 'not-run', reason: 'on PATH; this bench does not drive it yet' };
  });
}
