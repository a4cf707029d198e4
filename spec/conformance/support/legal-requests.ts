import { chunked, EOL, get, post } from './malformed-request.ts';

/** A request that is odd but legal, and what the origin must get of it. */
export type LegalRequest = {
  readonly what: string;
  readonly bytes: (host: string) => string;
  readonly source: string;
  readonly origin: { readonly method: string; readonly target: string; readonly body: string };
};

type LegalRow = readonly [
  what: string,
  request: string,
  source: string,
  method?: string,
  target?: string,
  body?: string,
];

const legal = (rows: readonly LegalRow[]): readonly LegalRequest[] =>
  rows.map(([what, request, source, method = 'GET', target = '/', body = '']) => ({
    what,
    bytes: (host) => request.replaceAll('{host}', host),
    source,
    origin: { method, target, body },
  }));

const line = (text: string) => `${text}${EOL}Host: {host}${EOL}${EOL}`;
const INSIDE = 'GET /smuggled HTTP/1.1\r\nHost: x\r\n\r\n';
const CHUNKED = 'RFC 9112, 7.1';

/** What a strict parser must still serve. Each is followed by a plain GET on the same connection. */
export const LEGAL_REQUESTS = legal([
  ['an empty line before the request', `\r\n${line('GET / HTTP/1.1')}`, 'RFC 9112, 2.2'],
  ['an absolute target of the same host', line('GET https://{host}/a?b HTTP/1.1'), 'RFC 9112, 3.2.2', 'GET', '/a?b'],
  ['an absolute target in capitals', line('GET HTTPS://{host}/a HTTP/1.1'), 'RFC 3986, 3.1', 'GET', '/a'],
  ['an absolute target without a path', line('GET https://{host} HTTP/1.1'), 'RFC 9112, 3.2.1'],
  ['a query only', line('GET /? HTTP/1.1'), 'RFC 9112, 3.2.1', 'GET', '/?'],
  ['a method nobody registered', line('FROBNICATE /a HTTP/1.1'), 'RFC 9110, 9.1', 'FROBNICATE', '/a'],
  ['a method in lower case', line('get /a HTTP/1.1'), 'RFC 9110, 9.1', 'get', '/a'],
  ['dot segments inside the root', line('GET /a/../b HTTP/1.1'), 'RFC 3986, 5.2.4', 'GET', '/b'],
  ['an escaped slash', line('GET /@scope%2fname HTTP/1.1'), 'RFC 3986, 2.2', 'GET', '/@scope%2fname'],
  ['no space behind a colon', get('X-A:1'), 'RFC 9112, 5.1'],
  ['tabs around a value', get('X-A:\t1\t'), 'RFC 9112, 5.1'],
  ['an empty value', get('X-A:'), 'RFC 9110, 5.5'],
  ['a value above ASCII', get('X-A: caf\xe9'), 'RFC 9110, 5.5'],
  ['a field whose name is a digit', get('0: 1'), 'RFC 9110, 5.1'],
  ['a length of 0', post(['Content-Length: 0'], ''), 'RFC 9112, 6.2', 'POST', '/', ''],
  ['a length with zeros before', post(['Content-Length: 002'], 'ab'), 'RFC 9110, 8.6', 'POST', '/', 'ab'],
  ['tabs around a length', post(['Content-Length:\t2\t'], 'ab'), 'RFC 9112, 5.1', 'POST', '/', 'ab'],
  ['a POST without a body', line('POST / HTTP/1.1'), 'RFC 9112, 6.3', 'POST', '/', ''],
  [
    'a coding in capitals',
    post(['Transfer-Encoding: CHUNKED'], '2\r\nab\r\n0\r\n\r\n'),
    'RFC 9112, 7',
    'POST',
    '/',
    'ab',
  ],
  [
    'spaces around a coding',
    post(['Transfer-Encoding:  chunked  '], '2\r\nab\r\n0\r\n\r\n'),
    'RFC 9112, 5.1',
    'POST',
    '/',
    'ab',
  ],
  ['an empty chunked body', chunked('0\r\n\r\n'), CHUNKED, 'POST', '/', ''],
  ['several chunks', chunked('1\r\na\r\n2\r\nbc\r\n0\r\n\r\n'), CHUNKED, 'POST', '/', 'abc'],
  ['a chunk size in capitals', chunked('A\r\n0123456789\r\n0\r\n\r\n'), CHUNKED, 'POST', '/', '0123456789'],
  ['a chunk size with zeros before', chunked('002\r\nab\r\n00\r\n\r\n'), CHUNKED, 'POST', '/', 'ab'],
  ['chunk extensions', chunked('2;a=b;c="d;e"\r\nab\r\n0;f\r\n\r\n'), 'RFC 9112, 7.1.1', 'POST', '/', 'ab'],
  ['a trailer', chunked('2\r\nab\r\n0\r\nX-A: 1\r\n\r\n'), 'RFC 9112, 7.1.2', 'POST', '/', 'ab'],
  ['line ends inside a chunk', chunked('4\r\n\r\n\r\n\r\n0\r\n\r\n'), CHUNKED, 'POST', '/', '\r\n\r\n'],
  ...['GET', 'HEAD', 'OPTIONS', 'DELETE', 'PUT'].map(
    (method): LegalRow => [
      `a request inside the body of ${method}`,
      `${method} / HTTP/1.1\r\nHost: {host}\r\nContent-Length: ${INSIDE.length}\r\n\r\n${INSIDE}`,
      'RFC 9112, 6.3',
      method,
      '/',
      INSIDE,
    ],
  ),
  [
    'a request inside a chunk',
    chunked(`${INSIDE.length.toString(16)}\r\n${INSIDE}\r\n0\r\n\r\n`),
    CHUNKED,
    'POST',
    '/',
    INSIDE,
  ],
  [
    'a body sent before 100 Continue',
    post(['Expect: 100-continue', `Content-Length: ${INSIDE.length}`], INSIDE),
    'RFC 9110, 10.1.1',
    'POST',
    '/',
    INSIDE,
  ],
  [
    'an expectation in capitals',
    post(['Expect: 100-CONTINUE', `Content-Length: ${INSIDE.length}`], INSIDE),
    'RFC 9110, 10.1.1',
    'POST',
    '/',
    INSIDE,
  ],
  ['an expectation without a body', get('Expect: 100-continue'), 'RFC 9110, 10.1.1'],
]);
