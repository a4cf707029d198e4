/** Names and values alternating, as they stood: order, case and duplicates are kept. Values are Latin-1 text. */
export type FieldList = readonly string[];

export type FieldFault = 'field-name' | 'field-value' | 'field-fold' | 'line-ending';

/** RFC 9110, 5.6.2. */
export const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** What no field line contains (RFC 9110, 5.5): control characters other than tab. CR and LF only as a pair between lines. */
const BAD_CHARACTER = /[^\t\r\n\x20-\x7e\x80-\xff]/;
const LONE_LINE_BREAK = /\r(?!\n)|(?<!\r)\n/;

/**
 * Field lines without the empty line that ends them, each ended by CRLF but the last (RFC 9112, 5). Strict, since proxies and
 * origins disagree on the rest: no blank before the colon, no folding, no bare CR or LF, no control character.
 */
export function parseFieldLines(block: string): string[] | FieldFault {
  const fields: string[] = [];
  if (block === '') return fields;
  if (BAD_CHARACTER.test(block)) return 'field-value';
  if (LONE_LINE_BREAK.test(block)) return 'line-ending';
  let at = 0;
  while (at < block.length) {
    const lineEnd = block.indexOf('\r\n', at);
    const end = lineEnd < 0 ? block.length : lineEnd;
    if (isBlank(block.charCodeAt(at))) return 'field-fold';
    const colon = block.indexOf(':', at);
    if (colon < 0 || colon >= end) return 'field-name';
    const name = block.slice(at, colon);
    if (!TOKEN.test(name)) return 'field-name';
    fields.push(name, trimmed(block, colon + 1, end));
    at = end + 2;
  }
  return fields;
}

function trimmed(text: string, from: number, to: number): string {
  let start = from;
  let end = to;
  while (start < end && isBlank(text.charCodeAt(start))) start += 1;
  while (end > start && isBlank(text.charCodeAt(end - 1))) end -= 1;
  return text.slice(start, end);
}

/** Space or tab. */
function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x09;
}
