/** Single slashes, no parameters (`;`), no escapes but those of letters beyond ASCII: a path with one spelling only. */
const PLAIN_PATH = /^\/(?:(?:[\w.~!$'()*+,=:@-]|%[89A-F][0-9A-F])+\/)*(?:[\w.~!$'()*+,=:@-]|%[89A-F][0-9A-F])*$/;

export function isPlainPath(path: string): boolean {
  return PLAIN_PATH.test(path) && !path.split('/').some((part) => part === '.' || part === '..');
}
