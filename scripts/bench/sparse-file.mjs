import { closeSync, ftruncateSync, mkdirSync, openSync } from 'node:fs';
import { join } from 'node:path';

/**
 * @param {string} folder made when it is not there
 * @param {string} name
 * @param {number} bytes
 * @returns {string} a file of that size which takes no room on the disk
 */
export function createSparseFile(folder, name, bytes) {
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `${name}.bin`);
  const handle = openSync(file, 'w');
  ftruncateSync(handle, bytes);
  closeSync(handle);
  return file;
}
