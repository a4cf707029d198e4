import type { CancelReason } from '#libs/tunnel-protocol';

const DNS = new Set(['ENOTFOUND', 'EAI_AGAIN', 'EAI_FAIL', 'EAI_NODATA', 'EAI_NONAME', 'ENODATA', 'ESERVFAIL']);
const UNREACHABLE = new Set([
  'EHOSTUNREACH',
  'ENETUNREACH',
  'EADDRNOTAVAIL',
  'EACCES',
  'EPERM',
  'ENETDOWN',
  'EHOSTDOWN',
]);
const ABORTED = new Set([
  'ECONNRESET',
  'EPIPE',
  'UND_ERR_SOCKET',
  'ECONNABORTED',
  'UND_ERR_RES_CONTENT_LENGTH_MISMATCH',
]);
const TLS =
  /^(CERT_|ERR_TLS_|ERR_SSL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH|EPROTO)/;

/** Tells apart why an origin call failed, by the error code of the socket, of OpenSSL or of undici. */
export function originFailure(error: unknown): CancelReason {
  const code = errorCode(error);
  if (DNS.has(code)) return 'origin-dns';
  if (code === 'ECONNREFUSED') return 'origin-refused';
  if (code === 'UND_ERR_CONNECT_TIMEOUT' || code === 'ETIMEDOUT') return 'origin-connect-timeout';
  if (UNREACHABLE.has(code)) return 'origin-unreachable';
  if (TLS.test(code)) return 'origin-tls';
  if (ABORTED.has(code)) return 'origin-aborted';
  if (code === 'UND_ERR_HEADERS_OVERFLOW') return 'too-large';
  if (error instanceof Error && error.name === 'HTTPParserError') return 'origin-invalid';
  if (code === 'UND_ERR_INVALID_ARG' || code === 'UND_ERR_REQ_CONTENT_LENGTH_MISMATCH') return 'malformed';
  return 'internal';
}

/** For the log and the ingress's log: never shown to the user. */
export function failureText(error: unknown): string {
  const code = errorCode(error);
  const message = error instanceof Error ? error.message : String(error);
  return code === '' ? message : `${code}: ${message}`;
}

/** Whether the connection ended without one byte of answer: a kept-alive connection the origin had just closed does that. */
export function isConnectionLost(error: unknown): boolean {
  const code = errorCode(error);
  return code === 'UND_ERR_SOCKET' || code === 'ECONNRESET' || code === 'EPIPE';
}

function errorCode(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  if ('code' in error && typeof error.code === 'string') return error.code;
  // Happy eyeballs: all addresses failed, the first says why.
  if (error instanceof AggregateError) return errorCode(error.errors[0]);
  return '';
}
