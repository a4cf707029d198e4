import { encodeFields, FLAG, h2Frame, TYPE } from './http2-frames.mjs';

/**
 * Frames that must be refused: the stream reset, the request answered with an error, or the connection ended.
 * @typedef {object} BadFrames
 * @property {string} what
 * @property {(authority: string) => Buffer[]} frames on stream 1
 * @property {string} source
 * @property {boolean} [isConnection] the whole connection must end
 * @property {boolean} [mayBeDropped] the library of Node.js drops such a field without a word; the request without it may
 * then be served, if nothing of the field reaches the origin
 * @property {boolean} [isBody] the head is sound and may have gone to the origin
 */

/** @typedef {readonly (readonly [string, string])[]} Fields */

const MALFORMED = 'RFC 9113, 8.1.1';
const FIELD = 'RFC 9113, 8.2.1';
const HOP = 'RFC 9113, 8.2.2';
const PSEUDO = 'RFC 9113, 8.3.1';
const EMPTY = Buffer.alloc(0);

/** @type {(authority: string) => Fields} */
const basic = (authority) => [
  [':method', 'GET'],
  [':scheme', 'https'],
  [':authority', authority],
  [':path', '/small'],
];

/**
 * @param {Fields} fields
 * @param {number} [flags]
 */
const head = (fields, flags = FLAG.endHeaders | FLAG.endStream) =>
  h2Frame(TYPE.headers, flags, 1, encodeFields(fields));

/** @type {(what: string, source: string, change: (fields: Fields, authority: string) => Fields) => BadFrames} */
const request = (what, source, change) => ({
  what,
  source,
  frames: (authority) => [head(change(basic(authority), authority))],
});

/** @type {(what: string, source: string, extra: Fields) => BadFrames} */
const withFields = (what, source, extra) => request(what, source, (fields) => [...fields, ...extra]);

/**
 * A field that breaks RFC 9113, 8.2.1, asked of the path that lists the fields which the origin got.
 * @type {(what: string, name: string, value: string) => BadFrames}
 */
const badField = (what, name, value) => ({
  ...request(what, FIELD, (fields) => [...replace(':path', '/echo')(fields), [name, value]]),
  mayBeDropped: true,
});

/** @type {(name: string, value: string) => (fields: Fields) => Fields} */
const replace = (name, value) => (fields) => fields.map((field) => (field[0] === name ? [name, value] : field));

/** @type {(name: string) => (fields: Fields) => Fields} */
const without = (name) => (fields) => fields.filter((field) => field[0] !== name);

/** @type {(what: string, length: string, data: string) => BadFrames} */
const lying = (what, length, data) => ({
  what,
  source: MALFORMED,
  isBody: true,
  frames: (authority) => [
    head([...replace(':method', 'POST')(basic(authority)), ['content-length', length]], FLAG.endHeaders),
    h2Frame(TYPE.data, FLAG.endStream, 1, Buffer.from(data)),
  ],
});

/** @type {(what: string, source: string, frames: (authority: string) => Buffer[]) => BadFrames} */
const connection = (what, source, frames) => ({ what, source, frames, isConnection: true });

/** What h2spec and RFC 9113 call malformed, and what HTTP/1.1 parsers behind an HTTP/2 front were smuggled by. */
export const BAD_REQUESTS = [
  badField('a name in capitals', 'ZZ', '1'),
  badField('a name with a space', 'zz y', '1'),
  badField('a name with a colon', 'zz:y', '1'),
  badField('an empty name', '', '1'),
  badField('CR LF in a name', 'zz\r\ny', '1'),
  badField('CR LF in a value', 'zz', '1\r\ntransfer-encoding: chunked'),
  badField('LF in a value', 'zz', '1\ny: 2'),
  badField('NUL in a value', 'zz', '1\0'),
  badField('white space before a value', 'zz', ' 1'),
  badField('white space behind a value', 'zz', '1 '),
  withFields('connection', HOP, [['connection', 'keep-alive']]),
  withFields('keep-alive', HOP, [['keep-alive', '5']]),
  withFields('proxy-connection', HOP, [['proxy-connection', 'keep-alive']]),
  withFields('transfer-encoding', HOP, [['transfer-encoding', 'chunked']]),
  withFields('upgrade', HOP, [['upgrade', 'websocket']]),
  withFields('te that is not trailers', HOP, [['te', 'gzip']]),
  withFields('an unknown pseudo-field', PSEUDO, [[':test', '1']]),
  withFields('a pseudo-field of answers', PSEUDO, [[':status', '200']]),
  withFields('two paths', PSEUDO, [[':path', '/echo']]),
  withFields('two methods', PSEUDO, [[':method', 'POST']]),
  request('a pseudo-field behind a field', PSEUDO, (fields) => [['x', '1'], ...fields]),
  request('no method', PSEUDO, without(':method')),
  request('no scheme', PSEUDO, without(':scheme')),
  request('no path', PSEUDO, without(':path')),
  request('no authority and no host', PSEUDO, without(':authority')),
  request('an empty path', PSEUDO, replace(':path', '')),
  request('a path without a slash', PSEUDO, replace(':path', 'small')),
  request('a path with a space', PSEUDO, replace(':path', '/a b HTTP/1.1')),
  request('a path with CR LF', PSEUDO, replace(':path', '/ HTTP/1.1\r\nx: 1')),
  request('a path with a fragment', PSEUDO, replace(':path', '/small#a')),
  request('a path with NUL', PSEUDO, replace(':path', '/\0')),
  request('a path that climbs', 'RFC 3986, 5.2.4', replace(':path', '/../../etc/passwd')),
  request('a path with an escaped NUL', 'RFC 3986, 3.3', replace(':path', '/%00')),
  request('a method with a space', 'RFC 9110, 9.1', replace(':method', 'GET / HTTP/1.1')),
  request('an empty method', 'RFC 9110, 9.1', replace(':method', '')),
  request('another scheme', PSEUDO, replace(':scheme', 'ftp')),
  request('a scheme with CR LF', PSEUDO, replace(':scheme', 'https\r\nx: 1')),
  request('an authority with a user', PSEUDO, (fields, it) => replace(':authority', `me@${it}`)(fields)),
  request('an authority with a path', PSEUDO, (fields, it) => replace(':authority', `${it}/a`)(fields)),
  request('an authority and another host', PSEUDO, (fields) => [...fields, ['host', 'evil.example']]),
  request('two hosts', PSEUDO, (fields, it) => [
    ...without(':authority')(fields),
    ['host', it],
    ['host', 'evil.example'],
  ]),
  request('CONNECT with a path', 'RFC 9113, 8.5', replace(':method', 'CONNECT')),
  request('TRACE', 'RFC 9110, 9.3.8', replace(':method', 'TRACE')),
  withFields('two lengths', 'RFC 9112, 6.3', [
    ['content-length', '0'],
    ['content-length', '1'],
  ]),
  withFields('a length that is none', 'RFC 9110, 8.6', [['content-length', 'x']]),
  withFields('an expectation that nobody knows', 'RFC 9110, 10.1.1', [['expect', '200-ok']]),
  withFields(
    '300 fields',
    'RFC 6585, 5',
    Array.from({ length: 300 }, (_, i) => /** @type {const} */ ([`x-${i}`, '1'])),
  ),
  lying('a length above the body', '3', 'ab'),
  lying('a length below the body', '1', 'ab'),
  lying('a length of 0 with a body', '0', 'ab'),
  {
    what: 'a pseudo-field in trailers',
    source: 'RFC 9113, 8.1',
    isBody: true,
    frames: (/** @type {string} */ authority) => [
      head(replace(':method', 'POST')(basic(authority)), FLAG.endHeaders),
      head([[':path', '/echo']]),
    ],
  },
  {
    what: 'trailers that end nothing',
    source: 'RFC 9113, 8.1',
    isBody: true,
    frames: (/** @type {string} */ authority) => [
      head(replace(':method', 'POST')(basic(authority)), FLAG.endHeaders),
      head([['x', '1']], FLAG.endHeaders),
    ],
  },
  connection('a head on stream 0', 'RFC 9113, 6.2', (authority) => [
    h2Frame(TYPE.headers, FLAG.endHeaders | FLAG.endStream, 0, encodeFields(basic(authority))),
  ]),
  connection('a head on an even stream', 'RFC 9113, 5.1.1', (authority) => [
    h2Frame(TYPE.headers, FLAG.endHeaders | FLAG.endStream, 2, encodeFields(basic(authority))),
  ]),
  connection('data on stream 0', 'RFC 9113, 6.1', () => [h2Frame(TYPE.data, 0, 0, Buffer.from('a'))]),
  connection('data on an idle stream', 'RFC 9113, 5.1', () => [h2Frame(TYPE.data, 0, 1, Buffer.from('a'))]),
  connection('a reset of an idle stream', 'RFC 9113, 5.1', () => [h2Frame(TYPE.resetStream, 0, 1, Buffer.alloc(4))]),
  connection('settings of 5 bytes', 'RFC 9113, 6.5', () => [h2Frame(TYPE.settings, 0, 0, Buffer.alloc(5))]),
  connection('settings on a stream', 'RFC 9113, 6.5', () => [h2Frame(TYPE.settings, 0, 1, EMPTY)]),
  connection('an acknowledgment with settings', 'RFC 9113, 6.5', () => [
    h2Frame(TYPE.settings, FLAG.ack, 0, Buffer.alloc(6)),
  ]),
  connection('an initial window above 2^31', 'RFC 9113, 6.5.2', () => [
    h2Frame(TYPE.settings, 0, 0, Buffer.from([0, 4, 0x80, 0, 0, 0])),
  ]),
  connection('a ping of 7 bytes', 'RFC 9113, 6.7', () => [h2Frame(TYPE.ping, 0, 0, Buffer.alloc(7))]),
  connection('a ping on a stream', 'RFC 9113, 6.7', () => [h2Frame(TYPE.ping, 0, 1, Buffer.alloc(8))]),
  connection('a window update of 0', 'RFC 9113, 6.9', () => [h2Frame(TYPE.windowUpdate, 0, 0, Buffer.alloc(4))]),
  connection('a window above 2^31', 'RFC 9113, 6.9.1', () => [
    h2Frame(TYPE.windowUpdate, 0, 0, Buffer.from([0x7f, 0xff, 0xff, 0xff])),
  ]),
  connection('a continuation of nothing', 'RFC 9113, 6.10', () => [
    h2Frame(TYPE.continuation, FLAG.endHeaders, 1, EMPTY),
  ]),
  connection('a promise of a client', 'RFC 9113, 8.4', () => [
    h2Frame(TYPE.pushPromise, FLAG.endHeaders, 1, Buffer.from([0, 0, 0, 2])),
  ]),
  connection('a frame above 16 KiB', 'RFC 9113, 4.2', () => [
    h2Frame(TYPE.headers, FLAG.endHeaders, 1, Buffer.alloc(16_385)),
  ]),
  connection('an index that is not in the table', 'RFC 7541, 2.3.3', () => [
    h2Frame(TYPE.headers, FLAG.endHeaders | FLAG.endStream, 1, Buffer.from([0xff, 0x7f])),
  ]),
  connection('more padding than payload', 'RFC 9113, 6.2', () => [
    h2Frame(TYPE.headers, FLAG.endHeaders | FLAG.padded, 1, Buffer.from([200, 0x82])),
  ]),
  connection('another frame inside a head', 'RFC 9113, 6.10', (authority) => [
    head(basic(authority), FLAG.endStream),
    h2Frame(TYPE.ping, 0, 0, Buffer.alloc(8)),
  ]),
];
