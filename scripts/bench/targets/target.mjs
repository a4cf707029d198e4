import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { probe, SMALL_BODY_BYTES } from '../load.mjs';

/** Every front must do the same work: this protocol, cipher and kind of key. */
export const TLS_PROTOCOL = 'TLSv1.3';
export const TLS_CIPHER = 'TLS_AES_128_GCM_SHA256';
export const TLS_CURVE = 'prime256v1';

/** A front that does not answer within this time after its start has failed. */
const ANSWER_LIMIT_MS = 20_000;
const ANSWER_POLL_MS = 100;

/**
 * One thing that is measured.
 * @typedef {object} Target
 * @property {string} name
 * @property {import('../front.mjs').Front} front
 * @property {Readonly<Record<string, number>>} processes ids of its processes by name; children count with them
 * @property {readonly string[]} watched names whose growth of memory is judged
 * @property {() => Promise<Target>} [renew] called before every round, for what wears out
 */

/**
 * What became of starting a target, or several on one system.
 * @typedef {object} Started
 * @property {Target[]} targets
 * @property {import('../report.mjs').Absence[]} absent
 * @property {import('./sallyport.mjs').Sallyport} [sallyport]
 */

/**
 * What a target is made of.
 * @typedef {object} Surroundings
 * @property {string} folder for its files, removed afterwards
 * @property {import('../children.mjs').Children} children
 * @property {{ httpPort: number, httpsPort: number, pid: number }} origin
 * @property {{ certFile: string, keyFile: string, host: string }} certificate
 * @property {(line: string) => void} log
 */

/**
 * Waits until the front answers, then checks that it does the same work as the others.
 * @param {string} name
 * @param {import('../front.mjs').Front} front
 */
export async function requireSameWork(name, front) {
  const ca = readFileSync(front.caFile, 'utf8');
  const deadline = Date.now() + ANSWER_LIMIT_MS;
  for (;;) {
    const answer = await probe(front, ca).catch((error) => /** @type {Error} */ (error));
    const problem = answer instanceof Error ? answer.message : whyNotTheSame(answer);
    if (problem === undefined) return;
    if (Date.now() > deadline) throw new Error(`${name} ${problem}`);
    await delay(ANSWER_POLL_MS);
  }
}

/**
 * @param {Awaited<ReturnType<typeof probe>>} answer
 * @returns {string | undefined}
 */
export function whyNotTheSame({ status, bytes, protocol, cipher, curve }) {
  if (status !== 200) return `answered ${status}`;
  if (bytes !== SMALL_BODY_BYTES) return `answered ${bytes} bytes, expected ${SMALL_BODY_BYTES}`;
  if (protocol !== TLS_PROTOCOL) return `speaks ${protocol}, expected ${TLS_PROTOCOL}`;
  if (cipher !== TLS_CIPHER) return `chose ${cipher}, expected ${TLS_CIPHER}`;
  return curve === TLS_CURVE ? undefined : `has a key on ${curve || 'no curve'}, expected ${TLS_CURVE}`;
}
