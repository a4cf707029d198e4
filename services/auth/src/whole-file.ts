import { randomBytes } from 'node:crypto';
import { constants, copyFileSync, linkSync, rmSync, writeFileSync } from 'node:fs';

/** Makes a file (mode 0600) with its whole content, unless it is there. Fails with what the file system throws. */
export function linkWhole(path: string, content: string): void {
  const temporary = writeTemporary(path, content);
  try {
    linkOrCopy(temporary, path);
  } catch (cause) {
    if (!isCode(cause, 'EEXIST')) throw cause;
  } finally {
    rmSync(temporary, { force: true });
  }
}

/** Path of a new file (mode 0600) beside `path`, of a name of its own: processes that write at once never write into the same file. */
export function writeTemporary(path: string, content: string): string {
  const temporary = `${path}.${randomBytes(8).toString('hex')}.new`;
  writeFileSync(temporary, content, { mode: 0o600, flag: 'wx', flush: true });
  return temporary;
}

export function isCode(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}

/** Where there are no hard links, who reads at once may find half a file: that ends a start with an error, and no key is lost. */
function linkOrCopy(from: string, to: string): void {
  try {
    linkSync(from, to);
  } catch (cause) {
    if (!['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].some((code) => isCode(cause, code))) throw cause;
    copyFileSync(from, to, constants.COPYFILE_EXCL);
  }
}
