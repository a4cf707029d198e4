import { createCipheriv, createDecipheriv, createSecretKey, randomBytes } from 'node:crypto';
import { decodeContent, encodeContent, readKeyId, requireSealedSize } from './sealed-text.ts';
import type { Sealer } from './sealer.ts';
import type { SealingKeys } from './sealing-keys.ts';

const IV_BYTES = 12;
const TAG_BYTES = 16;

/** Sealing by node:crypto on the wire format of the node-jose sealer (RFC 7516, compact), about twenty times cheaper. */
export function createNodeCryptoSealer(keys: SealingKeys, nowMs: () => number = Date.now): Sealer {
  const secrets = new Map(keys.map(({ kid, k }) => [kid, createSecretKey(Buffer.from(k, 'base64url'))]));
  const newest = createSecretKey(Buffer.from(keys[0].k, 'base64url'));
  const header = Buffer.from(JSON.stringify({ alg: 'dir', enc: 'A256GCM', kid: keys[0].kid })).toString('base64url');
  return {
    seal: async (purpose, value, ttlSeconds) => {
      const iv = randomBytes(IV_BYTES);
      const cipher = createCipheriv('aes-256-gcm', newest, iv, { authTagLength: TAG_BYTES });
      cipher.setAAD(Buffer.from(header, 'ascii'));
      const plaintext = encodeContent(purpose, value, ttlSeconds, nowMs());
      const sealed = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final()]);
      const parts = [header, '', ...[iv, sealed, cipher.getAuthTag()].map((part) => part.toString('base64url'))];
      return requireSealedSize(purpose, parts.join('.'));
    },
    open: async (purpose, text) => {
      const kid = readKeyId(text);
      const key = kid === null ? undefined : secrets.get(kid);
      if (key === undefined) return null;
      const [aad = '', , iv = '', sealed = '', tag = ''] = text.split('.');
      try {
        const decipher = createDecipheriv('aes-256-gcm', key, Buffer.from(iv, 'base64url'), {
          authTagLength: TAG_BYTES,
        });
        decipher.setAAD(Buffer.from(aad, 'ascii')).setAuthTag(Buffer.from(tag, 'base64url'));
        const plaintext = Buffer.concat([decipher.update(Buffer.from(sealed, 'base64url')), decipher.final()]);
        return decodeContent(purpose, plaintext.toString('utf8'), nowMs());
      } catch {
        // The tag does not fit: tampered. For the caller the same as no text at all.
        return null;
      }
    },
  };
}
