import { STATUS_CODES } from 'node:http';
import { type FieldList, TOKEN } from './field-lines.ts';

/** Characters that would end a field or smuggle another one in. */
const FORBIDDEN = /[\0\r\n]|[^\0-\xff]/;

/** `HTTP/1.1 200 OK` with its line end. Unknown status codes have an empty reason phrase. */
export function statusLine(status: number): string {
  return `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\n`;
}

/** Field lines, each with its line end. Throws a TypeError for a name or value that no field may have (RFC 9110, 5). */
export function fieldLines(fields: FieldList): string {
  let text = '';
  for (let i = 0; i + 1 < fields.length; i += 2) {
    const name = fields[i] ?? '';
    const value = fields[i + 1] ?? '';
    if (!TOKEN.test(name) || FORBIDDEN.test(value))
      throw new TypeError(`field ${name} has a character that no field may have`);
    text += `${name}: ${value}\r\n`;
  }
  return text;
}

/** Trailer section of a chunked body with its last chunk (RFC 9112, 7.1.2). */
export function lastChunk(trailers: FieldList): string {
  return `0\r\n${fieldLines(trailers)}\r\n`;
}
