import { createHash, randomBytes } from 'node:crypto';
import { SERVICE_TOKEN_PREFIX } from '#libs/contracts';
import { hashSecret } from './judge-service-token.ts';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
const ID_CHARACTERS = 24;
/** 160 bits. */
const SECRET_CHARACTERS = 32;

/** The same for the same command, so that one that is sent twice issues one token. Says nothing about the secret. */
export function serviceTokenIdOf(commandId: string): string {
  return `stk_${textOf(createHash('sha256').update(`sallyport service token\0${commandId}`).digest(), ID_CHARACTERS)}`;
}

/** A new secret: its hash to keep, and the text to show once. */
export function makeSecret(): { readonly secretHash: string; readonly tokenOf: (id: string) => string } {
  const secret = textOf(randomBytes(SECRET_CHARACTERS), SECRET_CHARACTERS);
  return { secretHash: hashSecret(secret), tokenOf: (id) => `${SERVICE_TOKEN_PREFIX}${id}_${secret}` };
}

function textOf(bytes: Uint8Array, length: number): string {
  return Array.from(bytes.subarray(0, length), (byte) => ALPHABET[byte & 31]).join('');
}
