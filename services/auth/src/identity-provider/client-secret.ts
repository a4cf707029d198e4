import { readFileSync } from 'node:fs';
import { fileError } from '../errors.ts';

/** Error: ERR_AUTH_FILE. */
export function readClientSecret(path: string): string {
  try {
    const secret = readFileSync(path, 'utf8').trim();
    if (secret === '') throw new RangeError('the file is empty');
    return secret;
  } catch (cause) {
    throw fileError(path, 'client secret file', cause);
  }
}
