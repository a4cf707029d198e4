import { setTimeout as delay } from 'node:timers/promises';
import { runTransfer, runWrk } from './load.mjs';
import { readMemory, watchMemoryGrowth } from './memory.mjs';
import { startChildCpuClock, startCpuClock } from './processes.mjs';

/** @typedef {import('./targets/target.mjs').Target} Target */

/**
 * What one round of one case found out about one target.
 * @typedef {object} Sample
 * @property {Record<string, number>} values one per case it speaks for, by the case's name
 * @property {string | undefined} [invalid] why the values do not count
 * @property {Record<string, number>} [figures] further numbers by name; the median over the rounds is shown
 * @property {number} [errors]
 * @property {Record<string, number>} [cpuMicroseconds] per unit of work, by process
 * @property {Record<string, number>} [memoryGrowthMib] by process
 * @property {Record<string, number>} [residentMib] by process
 * @property {Record<string, number>} [proportionalMib] by process
 */

/**
 * @typedef {object} Case
 * @property {string} name
 * @property {{ name: string, unit: string }[]} reports cases of the result it fills
 * @property {string} cpuUnit what its CPU figures are per; empty when it has none
 * @property {'rounds' | 'before' | 'after'} when in every round, or once before or after all load
 * @property {(target: Target) => Promise<Sample>} measure
 */

/**
 * @typedef {object} Plan
 * @property {number} seconds of one round of GET
 * @property {number} bytes of one transfer
 * @property {string} uploadFile a file of that size
 * @property {number} settleMs before memory at rest is read
 * @property {() => Promise<number>} countAnswers how many GET /1k the origin has answered
 */

export const FULL = { seconds: 5, bytes: 1_000_000_000, settleMs: 10_000 };
export const QUICK = { seconds: 1, bytes: 100_000_000, settleMs: 2_000 };

/**
 * @param {Plan} plan
 * @param {readonly string[]} only beginnings of names; none means all
 * @returns {Case[]}
 */
export function listCases(plan, only) {
  const size = plan.bytes >= 1e9 ? `${plan.bytes / 1e9}gb` : `${plan.bytes / 1e6}mb`;
  const all = [
    memoryCase('memory-at-rest', 'before', plan),
    getCase('get-1kib-32', 32, plan),
    getCase('get-1kib-256', 256, plan),
    transferCase(`download-${size}`, 'download', plan),
    transferCase(`upload-${size}`, 'upload', plan),
    memoryCase('memory-at-rest-after-load', 'after', plan),
  ];
  return only.length === 0 ? all : all.filter(({ name }) => only.some((beginning) => name.startsWith(beginning)));
}

/**
 * @param {string} name
 * @param {number} connections
 * @param {Plan} plan
 * @returns {Case}
 */
function getCase(name, connections, { seconds, countAnswers }) {
  return {
    name,
    reports: [{ name, unit: 'requests/s' }],
    cpuUnit: 'request',
    when: 'rounds',
    measure: async ({ front, processes }) => {
      const before = await countAnswers();
      const cpu = startCpuClock(processes);
      const loadCpu = startChildCpuClock();
      const result = await runWrk(front, { connections, seconds });
      const spent = { ...cpu(), wrk: loadCpu() };
      const arrived = (await countAnswers()) - before;
      const strange =
        arrived < result.requests ? `${result.requests} answers, but the origin gave ${arrived}` : undefined;
      return {
        values: { [name]: result.requestsPerSecond },
        invalid: result.invalid ?? strange,
        figures: { p50Ms: result.p50Us / 1000, p99Ms: result.p99Us / 1000 },
        errors: result.non2xx + result.socketErrors,
        cpuMicroseconds: divide(spent, result.requests),
      };
    },
  };
}

/**
 * @param {string} name
 * @param {'download' | 'upload'} direction
 * @param {Plan} plan
 * @returns {Case}
 */
function transferCase(name, direction, { bytes, uploadFile }) {
  const growth = `${name}-memory-growth`;
  return {
    name,
    reports: [
      { name, unit: 'MB/s' },
      { name: growth, unit: 'MiB' },
    ],
    cpuUnit: 'MB',
    when: 'rounds',
    measure: async ({ front, processes, watched }) => {
      const cpu = startCpuClock(processes);
      const loadCpu = startChildCpuClock();
      const endWatch = watchMemoryGrowth(processes);
      const { megabytesPerSecond } = await runTransfer(front, { direction, bytes, file: uploadFile }).catch((error) => {
        endWatch();
        throw error;
      });
      const memoryGrowthMib = endWatch();
      return {
        values: {
          [name]: megabytesPerSecond,
          [growth]: Math.max(...watched.map((process) => memoryGrowthMib[process] ?? 0)),
        },
        errors: 0,
        cpuMicroseconds: divide({ ...cpu(), curl: loadCpu() }, bytes / 1e6),
        memoryGrowthMib,
      };
    },
  };
}

/**
 * @param {string} name
 * @param {'before' | 'after'} when
 * @param {Plan} plan
 * @returns {Case}
 */
function memoryCase(name, when, { settleMs }) {
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
 * @param {Record<string, import('./memory.mjs').Memory>} memory
 * @param {'rssMib' | 'pssMib'} key
 */
function pick(memory, key) {
  return Object.fromEntries(Object.entries(memory).map(([name, one]) => [name, one[key]]));
}

/** @param {Record<string, number>} numbers */
function sum(numbers) {
  return Object.values(numbers).reduce((total, one) => total + one, 0);
}

/**
 * @param {Record<string, number>} spent
 * @param {number} units
 */
function divide(spent, units) {
  const entries = Object.entries(spent).filter(([, microseconds]) => microseconds > 0);
  return Object.fromEntries(entries.map(([name, microseconds]) => [name, microseconds / Math.max(units, 1)]));
}
