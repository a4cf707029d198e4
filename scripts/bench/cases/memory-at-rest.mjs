import { setTimeout as delay } from 'node:timers/promises';
import { readMemory } from '../memory.mjs';
import { sum } from './case.mjs';

/**
 * Every process of the front, with nothing to do.
 * @param {string} name
 * @param {'before' | 'after'} when
 * @param {import('./case.mjs').Plan} plan
 * @returns {import('./case.mjs').Case}
 */
export function memoryCase(name, when, { settleMs }) {
  return {
    name,
    reports: [
      { name, unit: 'MiB' },
      { name: `${name}-proportional`, unit: 'MiB' },
    ],
    cpuUnit: '',
    when,
    measure: async ({ name: target, processes }) => {
      await delay(settleMs);
      // The origin is part of no front: counted only where it is all there is.
      const roots = Object.entries(processes).filter(([process]) => process !== 'origin' || target === 'direct');
      const memory = readMemory(Object.fromEntries(roots));
      const residentMib = pick(memory, 'rssMib');
      const proportionalMib = pick(memory, 'pssMib');
      return {
        values: { [name]: sum(residentMib), [`${name}-proportional`]: sum(proportionalMib) },
        residentMib,
        proportionalMib,
      };
    },
  };
}

/**
 * @param {Record<string, import('../memory.mjs').Memory>} memory
 * @param {'rssMib' | 'pssMib'} key
 */
function pick(memory, key) {
  return Object.fromEntries(Object.entries(memory).map(([name, one]) => [name, one[key]]));
}
