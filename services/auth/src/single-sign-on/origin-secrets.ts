import { join } from 'node:path';
import { typeSealer } from '../preauth/sealed-values.ts';
import { createNodeCryptoSealer } from '../sealing/node-crypto-sealer.ts';
import { loadSealingKeys } from '../sealing/sealing-keys.ts';
import type { SignOnRefusal } from './origin-fields.ts';

/** Name of the key file in the key directory. */
export const ORIGIN_SECRET_KEY_FILE = 'origin-secret-keys.json';
/** Unlike cookies, secrets of origins stay until an admin changes them: neither they nor their key end by themselves. */
const NEVER_DAYS = Number.POSITIVE_INFINITY;
const HUNDRED_YEARS_SECONDS = 100 * 365 * 86_400;

/** Seals secrets of origins with a key of their own, and opens them. */
export type OriginSecrets = {
  /** Error ERR_AUTH_SEAL_SIZE. */
  seal(secret: string): Promise<string>;
  /** null: damaged, or sealed with a key that is gone. */
  open(sealed: string): Promise<string | null>;
};

/** Reads the key file, or makes it at the first start (mode 0600). Error ERR_AUTH_FILE. */
export function createOriginSecrets(keyDirectory: string, nowMs: () => number): OriginSecrets {
  const keys = loadSealingKeys(join(keyDirectory, ORIGIN_SECRET_KEY_FILE), NEVER_DAYS, new Date(nowMs()));
  const sealer = typeSealer(createNodeCryptoSealer(keys, nowMs));
  return {
    seal: (secret) => {
      const bytes = Buffer.from(secret, 'utf8').toString('base64url');
      return sealer.seal('origin-secret', { bytes }, HUNDRED_YEARS_SECONDS);
    },
    open: async (sealed) => {
      const opened = await sealer.open('origin-secret', sealed);
      if (opened === null) return null;
      return 'bytes' in opened ? Buffer.from(opened.bytes, 'base64url').toString('utf8') : opened.secret;
    },
  };
}

/** What is answered in place of a request without its header. */
export function unreadableSecret(what: string): SignOnRefusal {
  return {
    kind: 'refused',
    reason: 'single-sign-on-secret-unreadable',
    detail: `Sallyport cannot read the ${what} it signs you on to this app with. An administrator has to give it again.`,
  };
}
