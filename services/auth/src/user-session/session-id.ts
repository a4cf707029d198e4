import { createHash } from 'node:crypto';
import { type UserSessionId, userSessionId } from '#libs/contracts';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz234567';
const CHARACTERS = 24;

/**
 * The id of the session a sign-in starts, from its `state`: 120 bits of SHA-256. Using a state twice therefore meets the
 * session it started, in the event store, on whatever instance (ADR-0006, 3).
 */
export function sessionIdOfState(state: string): UserSessionId {
  const digest = createHash('sha256').update(`sallyport user session\0${state}`).digest().subarray(0, CHARACTERS);
  return userSessionId.parse(`ses_${Array.from(digest, (byte) => ALPHABET[byte & 31]).join('')}`);
}
