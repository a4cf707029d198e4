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
  'ECONNABORTED',
  'ERR_HTTP2_STREAM_ERROR',
  'ERR_HTTP2_STREAM_CANCEL',
  'ERR_HTTP2_GOAWAY_SESSION',
  'ERR_HTTP2_INVALID_SESSION',
]);
/** `ERR_HTTP2_ERROR`: nghttp2 could make no sense of what came. */
const INVALID = new Set(['ERR_HTTP2_ERROR', 'ERR_HTTP2_SESSION_ERROR', 'ERR_HTTP2_NOT_OFFERED']);
const TLS =
  /^(CERT_|ERR_TLS_|ERR_SSL_|UNABLE_TO_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|INVALID_CA|INVALID_PURPOSE|PATH_LENGTH|EPROTO)/;

/** Tells apart why an origin call failed, by the error code of the socket, of OpenSSL or of HTTP/2. */
export function originFailure(error: unknown): CancelReason {
  const code = errorCode(error);
  if (DNS.has(code)) return 'origin-dns';
  if (code === 'ECONNREFUSED') return 'origin-refused';
  if (code === 'ETIMEDOUT') return 'origin-connect-timeout';
  if (UNREACHABLE.has(code)) return 'origin-unreachable';
  if (TLS.test(code)) return 'origin-tls';
  if (INVALID.has(code)) return 'origin-invalid';
  if (ABORTED.has(code)) return 'origin-aborted';
  return 'internal';
}

/** For the log and the ingress's log: never shown to the user. */
export function failureText(error: unknown): string {
  const code = errorCode(error);
  const message = error instanceof Error ? error.message : String(error);
  return code === '' ? message : `${code}: ${message}`;
}

function errorCode(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  if ('code' in error && typeof error.code === 'string') return error.code;
  // Happy eyeballs: all addresses failed, the first says why.
  if (error instanceof AggregateError) return errorCode(error.errors[0]);
  return '';
}
