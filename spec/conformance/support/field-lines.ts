import { EOL, get, malformed } from './malformed-request.ts';

const NAME = 'RFC 9112, 5.1';
const VALUE = 'RFC 9110, 5.5';
const HOST = 'RFC 9112, 3.2';
const FOLD = 'RFC 9112, 5.2';
const EXPECT = 'RFC 9110, 10.1.1';

/** A GET with these Host lines and no other field. */
const hosts = (...lines: readonly string[]) => ['GET / HTTP/1.1', ...lines, '', ''].join(EOL);
const many = (count: number) => Array.from({ length: count }, (_, i) => `X-${i}: 1`);

/** Field lines that parsers read in more than one way, and Host fields that name no one place. */
export const MALFORMED_FIELD_LINES = malformed([
  ['no Host', hosts('X: 1'), HOST],
  ['no Host in HTTP/1.0', 'GET / HTTP/1.0\r\n\r\n', HOST],
  ['two Host fields', hosts('Host: {host}', 'Host: evil.example'), HOST],
  ['two Host fields, ours last', hosts('Host: evil.example', 'Host: {host}'), HOST],
  ['the same Host twice', hosts('Host: {host}', 'host: {host}'), HOST],
  ['two hosts in one Host', hosts('Host: {host}, evil.example'), HOST],
  ['an empty Host', hosts('Host:'), HOST],
  ['a Host with a user', hosts('Host: me@{host}'), HOST],
  ['a Host with a path', hosts('Host: {host}/a'), HOST],
  ['a Host with a query', hosts('Host: {host}?a'), HOST],
  ['a Host with a space', hosts('Host: {host} evil.example'), HOST],
  ['a Host with a scheme', hosts('Host: https://{host}'), HOST],
  ['a Host with a port that is none', hosts('Host: {host}:x'), HOST],
  ['a Host with two ports', hosts('Host: {host}:1:2'), HOST],
  ['a folded Host', hosts('Host:', ' {host}'), FOLD],
  ['a space before the colon', get('X-A : 1'), NAME],
  ['a tab before the colon', get('X-A\t: 1'), NAME],
  ['a space before the colon of Host', hosts('Host : {host}'), NAME],
  ['a space in a name', get('X A: 1'), NAME],
  ['a field without a name', get(': 1'), NAME],
  ['a field without a colon', get('X-A'), NAME],
  ['a name that is no token', get('X[A]: 1'), NAME],
  ['a name above ASCII', get('X-\xc9: 1'), NAME],
  ['NUL in a name', get('X-\x00A: 1'), NAME],
  ['a folded field', get('X-A: 1', ' 2'), FOLD],
  ['a field folded with a tab', get('X-A: 1', '\t2'), FOLD],
  ['a fold of white space only', get('X-A: 1', '  '), FOLD],
  ['NUL in a value', get('X-A: 1\x002'), VALUE],
  ['a control character in a value', get('X-A: 1\x012'), VALUE],
  ['a vertical tab in a value', get('X-A: 1\x0b2'), VALUE],
  ['DEL in a value', get('X-A: 1\x7f2'), VALUE],
  ['a bare CR in a value', get('X-A: 1\r2'), 'RFC 9112, 2.2'],
  ['a bare CR at the end of a value', get('X-A: 1\r'), 'RFC 9112, 2.2'],
  ['a bare CR that hides a field', get('X-A: 1\rX-B: 2'), 'RFC 9112, 2.2'],
  ['a bare LF as the end of a field', 'GET / HTTP/1.1\r\nHost: {host}\nX-A: 1\r\n\r\n', 'RFC 9112, 2.2'],
  ['a bare LF as the end of the head', 'GET / HTTP/1.1\r\nHost: {host}\r\n\n', 'RFC 9112, 2.2'],
  ['a bare LF that hides a field', get('X-A: 1\nX-B: 2'), 'RFC 9112, 2.2'],
  ['more fields than the maximum', get(...many(201)), 'RFC 6585, 5', [431]],
  ['a value that is too large', get(`X-A: ${'a'.repeat(70_000)}`), 'RFC 6585, 5', [431]],
  ['a name that is too large', get(`${'a'.repeat(70_000)}: 1`), 'RFC 6585, 5', [431, 400]],
  ['a head too large in many fields', get(...many(150).map((it) => it + 'a'.repeat(500))), 'RFC 6585, 5', [431]],
  ['an expectation that nobody knows', get('Expect: 200-ok'), EXPECT, [417, 400]],
  ['an expectation with a letter before', get('Expect: y 100-continue', 'Content-Length: 1'), EXPECT, [417, 400]],
  ['an expectation folded', get('Expect:', ' 100-continue', 'Content-Length: 1'), FOLD],
  ['a second expectation', get('Expect: 100-continue, 200-ok', 'Content-Length: 1'), EXPECT, [417, 400]],
]);
