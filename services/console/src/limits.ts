/** Bytes of a request body. Beyond: 413. */
export const MAX_BODY_BYTES = 256 * 1024;
/** Certificates of the gate. Beyond: ERR_CERTIFICATE_TOO_MANY; the ingress reads no more either. */
export const MAX_CERTIFICATES = 1_000;
/** Open connections. Beyond: the listener drops new ones. */
export const MAX_CONNECTIONS = 1_000;
/** Streams of events followed at once. Beyond: 503 with Retry-After. */
export const MAX_FOLLOWERS = 100;
/** The TLS handshake must be done within this time, so that silent connections do not keep callers out. */
export const HANDSHAKE_TIMEOUT_MS = 10_000;
/** How often Node looks for headers and bodies that are late. */
export const CHECK_INTERVAL_MS = 1_000;
/** A request's headers must be complete within this time, its body within the second. */
export const HEADERS_TIMEOUT_MS = 10_000;
export const REQUEST_TIMEOUT_MS = 30_000;
export const KEEP_ALIVE_MS = 65_000;
/** Wait for one answer of the backbone. Beyond: 503 with Retry-After. */
export const CALL_TIMEOUT_MS = 10_000;
/** A replay reads the whole history. */
export const REPLAY_TIMEOUT_MS = 60_000;
/** Longest wait of `GET /v1/events?wait=`, in seconds. */
export const MAX_WAIT_SECONDS = 20;
/** One question of a followed stream; an empty line is written when it brought nothing, so that dead readers are found. */
export const FOLLOW_WAIT_MS = 15_000;
/** How often a followed stream asks whether its caller still may: disabled people read no further for longer. */
export const FOLLOWER_CHECK_MS = 10_000;
/** Seconds in Retry-After. */
export const RETRY_AFTER_SECONDS = 2;
/** How long `GET /v1/health` waits for the hub. */
export const HEALTH_TIMEOUT_MS = 1_000;
