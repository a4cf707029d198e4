import { readFileSync } from 'node:fs';
import { startCpuClock } from '../processes.mjs';
import { percentileOf } from '../statistics.mjs';
import { signIn } from '../system.mjs';
import { divide, unlessSignedIn } from './case.mjs';

/** People who sign in at once, each with a new browser every time. */
const BROWSERS = 4;

/**
 * Complete sign-ins a second: from the app's address over ingress, auth and the development identity provider's forms to the
 * first answer of the origin. The scripted browsers run in the bench's own process, and every page has a connection of its own.
 * @param {import('./case.mjs').Plan} plan
 * @param {import('./case.mjs').Means} means
 * @returns {import('./case.mjs').Case}
 */
export function signInFlowsCase({ seconds }, { sallyport }) {
  const name = 'sign-in-flows';
  return {
    name,
    reports: [
      { name, unit: 'flows/s' },
      { name: `${name}-p99`, unit: 'ms' },
    ],
    cpuUnit: 'request',
    when: 'last',
    whyNot: unlessSignedIn,
    measure: async ({ processes }) => {
      if (sallyport === undefined) throw new Error('sallyport did not start');
      const { signedIn, people, caFile } = sallyport;
      const [user] = people;
      const ca = readFileSync(caFile, 'utf8');
      /** @type {number[]} */
      const tookMs = [];
      /** @type {string[]} */
      const failures = [];
      const cpu = startCpuClock(processes);
      const own = process.cpuUsage();
      const beginMs = performance.now();
      const work = async () => {
        while (performance.now() - beginMs < seconds * 1000) {
          const startMs = performance.now();
          await signIn(`${signedIn.externalUrl}1k`, user, ca).then(
            () => tookMs.push(performance.now() - startMs),
            (error) => failures.push(error instanceof Error ? error.message : String(error)),
          );
        }
      };
      await Promise.all(Array.from({ length: BROWSERS }, work));
      // Those that had begun by the end are waited for, and so is their time counted.
      const tookSeconds = (performance.now() - beginMs) / 1000;
      const { user: userUs, system: systemUs } = process.cpuUsage(own);
      if (tookMs.length === 0) throw new Error(`no sign-in was completed: ${failures[0] ?? 'none ended'}`);
      const [p50Ms, p99Ms] = [percentileOf(tookMs, 50), percentileOf(tookMs, 99)];
      return {
        values: { [name]: tookMs.length / tookSeconds, [`${name}-p99`]: p99Ms },
        invalid: failures.length === 0 ? undefined : `${failures.length} sign-ins failed: ${failures[0]}`,
        figures: { p50Ms, p99Ms, flows: tookMs.length },
        errors: failures.length,
        cpuMicroseconds: divide({ ...cpu(), bench: userUs + systemUs }, tookMs.length),
      };
    },
  };
}
