import { TOKEN } from './field-lines.ts';

export type RequestLine = { readonly method: string; readonly target: string; readonly minorVersion: 0 | 1 };
export type RequestLineFault = 'request-line' | 'version';

const MAX_METHOD_CHARACTERS = 64;
const VERSION = /^HTTP\/[0-9]\.[0-9]$/;
/** A target is looked at more closely by who resolves it; here only that it is ASCII, as every URL is. */
const TARGET = /^[\x21-\x7e]+$/;

/** RFC 9112, 3: exactly one space between the three parts. `version` for a well-formed version that is not 1.0 or 1.1. */
export function parseRequestLine(line: string): RequestLine | RequestLineFault {
  const first = line.indexOf(' ');
  const last = line.lastIndexOf(' ');
  if (first <= 0 || last <= first + 1) return 'request-line';
  const method = line.slice(0, first);
  const target = line.slice(first + 1, last);
  const version = line.slice(last + 1);
  if (method.length > MAX_METHOD_CHARACTERS || !TOKEN.test(method) || !TARGET.test(target)) return 'request-line';
  if (version === 'HTTP/1.1') return { method, target, minorVersion: 1 };
  if (version === 'HTTP/1.0') return { method, target, minorVersion: 0 };
  return VERSION.test(version) ? 'version' : 'request-line';
}

export type StatusLine = { readonly status: number; readonly minorVersion: 0 | 1 };

const STATUS_LINE = /^HTTP\/1\.([01]) ([1-9][0-9]{2})(?: [\t\x20-\x7e\x80-\xff]*)?$/;

/** RFC 9112, 4. Status 100 to 999; the reason phrase is not kept. */
export function parseStatusLine(line: string): StatusLine | 'status-line' {
  const found = STATUS_LINE.exec(line);
  if (found === null) return 'status-line';
  return { status: Number(found[2]), minorVersion: found[1] === '1' ? 1 : 0 };
}
