import { sum, unlessSallyport } from './case.mjs';
import { loadGet } from './get.mjs';

const CONNECTIONS = 32;
/** Reached by the load, but no part of Sallyport. */
const OTHERS = new Set(['origin', 'wrk']);

/**
 * CPU time that all processes of Sallyport together spend on a request, with a world of a certain size. Signed in, the load
 * asks one app; passthrough, all that can be asked in turn.
 * @param {object} input
 * @param {string} input.name
 * @param {import('./case.mjs').Plan} input.plan
 * @param {import('./case.mjs').Means} input.means
 * @param {() => Promise<void>} input.prepare
 * @param {() => Promise<void>} [input.finish]
 * @param {(target: string) => string | undefined} [input.whyNot] default: unless it is Sallyport
 * @param {boolean} [input.isNewClient] default false: all requests name one user agent; else each names a new one
 * @param {number} [input.connections] default 32
 * @param {(cpuMicroseconds: Readonly<Record<string, number>>) => Promise<string | undefined>} [input.check] after each round: why its numbers do not count
 * @returns {import('./case.mjs').Case}
 */
export function requestCostCase({
  name,
  plan,
  means,
  prepare,
  finish,
  check,
  whyNot = unlessSallyport,
  isNewClient = false,
  connections = CONNECTIONS,
}) {
  return {
    name,
    reports: [{ name, unit: 'µs/request' }],
    cpuUnit: 'request',
    when: 'last',
    whyNot,
    prepare,
    ...(finish === undefined ? {} : { finish }),
    measure: async (target) => {
      const hosts = target.name === 'sallyport-passthrough' ? (means.sallyport?.hosts ?? []) : [];
      const load = { connections, seconds: plan.seconds, hosts, isNewClient };
      const { result, figures, cpuMicroseconds, invalid, errors } = await loadGet(target, load, means);
      const ours = Object.entries(cpuMicroseconds).filter(([process]) => !OTHERS.has(process));
      return {
        invalid: invalid ?? (await check?.(cpuMicroseconds)),
        errors,
        cpuMicroseconds,
        values: { [name]: sum(Object.fromEntries(ours)) },
        figures: { ...figures, requestsPerSecond: result.requestsPerSecond },
      };
    },
  };
}
