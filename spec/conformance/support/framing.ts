import { chunked, get, malformed, post } from './malformed-request.ts';

const LENGTH = 'RFC 9112, 6.3';
const CODING = 'RFC 9112, 6.1';
const CHUNK = 'RFC 9112, 7.1';
const EXTENSION = 'RFC 9112, 7.1.1';
const TRAILER = 'RFC 9110, 6.5.1';
const LINE = 'RFC 9112, 2.2';
/** An end of a chunked body, where a lenient parser would look for one. */
const END = '0\r\n\r\n';
const lengths = (...values: readonly string[]) =>
  post(
    values.map((value) => `Content-Length: ${value}`),
    'ab',
  );
const codings = (...values: readonly string[]) =>
  post(
    values.map((value) => `Transfer-Encoding: ${value}`),
    END,
  );
/** Unknown codings get 501 (RFC 9112, 6.1); when chunked is not the last one the length is unknowable: 400 is right too. */
const UNKNOWN = [501, 400];
const REFUSED = [400, 501];

/** Heads that two parsers would give bodies of different length. */
export const MALFORMED_FRAMING = malformed([
  ['a length with a coding', post(['Content-Length: 3', 'Transfer-Encoding: chunked'], END), LENGTH],
  ['a coding with a length', post(['Transfer-Encoding: chunked', 'Content-Length: 3'], END), LENGTH],
  ['a coding with a length of 0', post(['Transfer-Encoding: chunked', 'Content-Length: 0'], END), LENGTH],
  ['a length with a coding on GET', get('Content-Length: 0', 'Transfer-Encoding: chunked'), LENGTH],
  ['two lengths', lengths('1', '2'), LENGTH],
  ['two lengths, 0 first', lengths('0', '2'), LENGTH],
  ['the same length twice', lengths('2', '2'), LENGTH],
  ['a list of one length', lengths('2, 2'), LENGTH],
  ['a list of two lengths', lengths('2, 3'), LENGTH],
  ['a list with an empty length', lengths('2,'), LENGTH],
  ['an empty length', lengths(''), LENGTH],
  ['a length with a plus sign', lengths('+2'), LENGTH],
  ['a negative length', lengths('-2'), LENGTH],
  ['a length of minus zero', lengths('-0'), LENGTH],
  ['a hexadecimal length', lengths('0x2'), LENGTH],
  ['an octal length', lengths('0o2'), LENGTH],
  ['a length with an underscore', lengths('1_0'), LENGTH],
  ['a length with a space inside', lengths('1 0'), LENGTH],
  ['a length with a fraction', lengths('2.0'), LENGTH],
  ['a length in quotes', lengths('"2"'), LENGTH],
  ['a length with letters', lengths('2x'), LENGTH],
  ['a length beyond 64 bits', lengths('18446744073709551618'), LENGTH, [400, 413]],
  ['a length beyond what a double holds', lengths('9007199254740993'), LENGTH, [400, 413]],
  ['a length with NUL', lengths('2\x00'), LENGTH],
  ['a length with a vertical tab', lengths('\x0b2'), LENGTH],
  ['a folded length', post(['Content-Length:', ' 2'], 'ab'), 'RFC 9112, 5.2'],
  ['a length that folds the field before', post(['X-A: 1', ' Content-Length: 2'], 'ab'), 'RFC 9112, 5.2'],
  ['a length with a space before the colon', post(['Content-Length : 2'], 'ab'), 'RFC 9112, 5.1'],
  ['a length behind a bare CR', post(['X-A: 1\rContent-Length: 2'], 'ab'), LINE],
  ['a length behind a bare LF', post(['X-A: 1\nContent-Length: 2'], 'ab'), LINE],
  ['a length with an underscore in its name', post(['Content_Length: 2'], 'ab'), 'RFC 3875, 4.1.18'],
  ['an unknown coding', codings('gzip, chunked'), CODING, UNKNOWN],
  ['an unknown coding alone', codings('gzip'), CODING, UNKNOWN],
  ['a coding that is misspelt', codings('xchunked'), CODING, UNKNOWN],
  ['chunked with more behind', codings('chunkedx'), CODING, UNKNOWN],
  ['identity', codings('identity'), CODING, UNKNOWN],
  ['chunked not last', codings('chunked, gzip'), CODING, REFUSED],
  ['chunked, then identity', codings('chunked, identity'), CODING, REFUSED],
  ['chunked twice in a list', codings('chunked, chunked'), CODING, REFUSED],
  ['chunked twice in fields', codings('chunked', 'chunked'), CODING, REFUSED],
  ['identity and chunked in fields', codings('identity', 'chunked'), CODING, REFUSED],
  ['an empty coding', codings(''), CODING, REFUSED],
  ['a list that begins empty', codings(', chunked'), CODING, REFUSED],
  ['a list that ends empty', codings('chunked,'), CODING, REFUSED],
  ['a coding with a parameter', codings('chunked;q=1'), CODING, REFUSED],
  ['a coding in quotes', codings('"chunked"'), CODING, REFUSED],
  ['a coding with a vertical tab', codings('\x0bchunked'), CODING, REFUSED],
  ['a coding with a form feed', codings('chunked\x0c'), CODING, REFUSED],
  ['a coding with NUL', codings('chunked\x00'), CODING, REFUSED],
  ['a coding with a bare CR', codings('chunked\r'), LINE],
  ['a folded coding', post(['Transfer-Encoding:', ' chunked'], END), 'RFC 9112, 5.2'],
  ['a coding with a space before the colon', post(['Transfer-Encoding : chunked'], END), 'RFC 9112, 5.1'],
  ['a coding that folds the field before', post(['X-A: 1', ' Transfer-Encoding: chunked'], END), 'RFC 9112, 5.2'],
  ['a coding with an underscore in its name', post(['Transfer_Encoding: chunked'], END), 'RFC 3875, 4.1.18'],
  [
    'a coding in HTTP/1.0',
    `POST / HTTP/1.0\r\nHost: {host}\r\nTransfer-Encoding: chunked\r\n\r\n${END}`,
    'RFC 9112, 6.1',
  ],
]);

/** Chunked bodies that are broken, and trailers that would change what was said before. */
export const MALFORMED_CHUNKS = malformed(
  [
    ['a chunk size that is none', chunked(`zz\r\nab\r\n${END}`), CHUNK],
    ['an empty chunk size', chunked(`\r\nab\r\n${END}`), CHUNK],
    ['a chunk size with 0x', chunked(`0x2\r\nab\r\n${END}`), CHUNK],
    ['a chunk size with a plus sign', chunked(`+2\r\nab\r\n${END}`), CHUNK],
    ['a negative chunk size', chunked(`-2\r\nab\r\n${END}`), CHUNK],
    ['a chunk size with an underscore', chunked(`0_2\r\nab\r\n${END}`), CHUNK],
    ['a space before a chunk size', chunked(` 2\r\nab\r\n${END}`), CHUNK],
    ['a space behind a chunk size', chunked(`2 \r\nab\r\n${END}`), CHUNK],
    ['a tab behind a chunk size', chunked(`2\t\r\nab\r\n${END}`), CHUNK],
    ['a chunk size with a point', chunked(`2.0\r\nab\r\n${END}`), CHUNK],
    ['a chunk size beyond 64 bits', chunked(`10000000000000002\r\nab\r\n${END}`), CHUNK, [400, 413]],
    ['a chunk size beyond what a double holds', chunked(`20000000000001\r\nab\r\n${END}`), CHUNK, [400, 413]],
    ['a chunk size of a thousand zeros', chunked(`${'0'.repeat(1000)}2\r\nab\r\n${END}`), CHUNK],
    ['a chunk longer than it says', chunked(`1\r\nabc\r\n${END}`), CHUNK],
    ['a chunk shorter than it says', chunked(`3\r\nab\r\n${END}`), CHUNK],
    ['a chunk without its line end', chunked(`2\r\nab${END}`), CHUNK],
    ['a bare LF behind a chunk size', chunked(`2\nab\r\n${END}`), CHUNK],
    ['a bare CR behind a chunk size', chunked(`2\rab\r\n${END}`), CHUNK],
    ['CR CR LF behind a chunk size', chunked(`2\r\r\nab\r\n${END}`), CHUNK],
    ['a bare LF behind a chunk', chunked(`2\r\nab\n${END}`), CHUNK],
    ['a bare CR behind a chunk', chunked(`2\r\nab\r${END}`), CHUNK],
    ['another byte for CR behind a chunk', chunked(`2\r\nabX\n${END}`), CHUNK],
    ['a bare LF behind the last chunk', chunked('2\r\nab\r\n0\n\r\n'), CHUNK],
    ['a bare LF as the end of the body', chunked('2\r\nab\r\n0\r\n\n'), CHUNK],
    ['a chunk extension without a name', chunked(`2;\r\nab\r\n${END}`), EXTENSION],
    ['a chunk extension that ends in a bare LF', chunked(`2;a\nab\r\n${END}`), EXTENSION],
    ['a chunk extension with a bare LF inside', chunked(`2;a=\nb\r\nab\r\n${END}`), EXTENSION],
    ['a chunk extension with a bare CR inside', chunked(`2;a=\rb\r\nab\r\n${END}`), EXTENSION],
    ['a chunk extension with NUL', chunked(`2;a=\x00\r\nab\r\n${END}`), EXTENSION],
    ['a chunk extension of 100 KB', chunked(`2;a=${'b'.repeat(100_000)}\r\nab\r\n${END}`), EXTENSION, [400, 413, 431]],
    [
      'chunk extensions of 200 KB together',
      chunked(`${`1;a=${'b'.repeat(1000)}\r\na\r\n`.repeat(200)}${END}`),
      EXTENSION,
      [400, 413, 431],
    ],
    ['a trailer that is no field', chunked('2\r\nab\r\n0\r\nX-A\r\n\r\n'), 'RFC 9112, 7.1.2'],
    ['a trailer with a space before its colon', chunked('2\r\nab\r\n0\r\nX-A : 1\r\n\r\n'), 'RFC 9112, 5.1'],
    ['a folded trailer', chunked('2\r\nab\r\n0\r\nX-A: 1\r\n 2\r\n\r\n'), 'RFC 9112, 5.2'],
    ['a trailer that ends in a bare LF', chunked('2\r\nab\r\n0\r\nX-A: 1\n\r\n'), LINE],
    ['NUL in a trailer', chunked('2\r\nab\r\n0\r\nX-A: \x00\r\n\r\n'), TRAILER],
    [
      'trailers that are too large',
      chunked(`2\r\nab\r\n0\r\nX-A: ${'a'.repeat(70_000)}\r\n\r\n`),
      TRAILER,
      [431, 400, 413],
    ],
  ],
  true,
);
