/** Facts one commit may hold. Beyond: ERR_EVENTS_COMMIT_TOO_LARGE, nothing is written. */
export const MAX_FACTS_PER_COMMIT = 64;
/** Encoded size of one commit's data. Beyond: ERR_EVENTS_COMMIT_TOO_LARGE. Half of the server's default max_payload. */
export const MAX_COMMIT_BYTES = 512 * 1024;
/** Characters of one subject token (tenant, context, thing, id). Beyond: ERR_EVENTS_SUBJECT. */
export const MAX_SUBJECT_TOKEN_CHARACTERS = 128;
/** Characters of one metadata value (command id, actor id and name, correlation id, ...). Beyond: ERR_EVENTS_METADATA. */
export const MAX_METADATA_CHARACTERS = 512;
/** Filters of one read or follow. Beyond: ERR_EVENTS_FILTER. */
export const MAX_FILTERS = 64;
/** Commits read in one round trip by load. A longer history takes more round trips. */
export const LOAD_PAGE_COMMITS = 256;
/** Commits one load may return. Beyond: ERR_EVENTS_AGGREGATE_TOO_LONG; such an aggregate must be split. */
export const MAX_COMMITS_PER_AGGREGATE = 100_000;
/** Commits received ahead of the caller by read and follow; at the bound the server is not asked for more. */
export const READ_AHEAD_COMMITS = 256;
/** Publishes of one append before ERR_EVENTS_UNAVAILABLE; with the waits about 15 seconds of a silent broker. */
export const MAX_APPEND_ATTEMPTS = 6;
/** Failed attempts in a row of one read before ERR_EVENTS_UNAVAILABLE. */
export const MAX_READ_ATTEMPTS = 6;
/** Reads back after a conflict until the answer covers the sequence the server named. */
export const MAX_READ_BACK_ATTEMPTS = 5;
/** Wait for one acknowledgment of the broker, in milliseconds. */
export const BROKER_TIMEOUT_MS = 2_000;
/** First and longest wait between attempts, in milliseconds; doubled each time. */
export const FIRST_BACKOFF_MS = 50;
export const LONGEST_BACKOFF_MS = 5_000;
/** Attempts of handleCommand to decide on fresh state after conflicts. */
export const DEFAULT_COMMAND_ATTEMPTS = 3;
/** Longest wait between a reactor's attempts at one commit, in milliseconds. Attempts themselves have no maximum: a reactor never skips. */
export const LONGEST_REACTOR_BACKOFF_MS = 30_000;
/** Callers waiting for a position in one projection. Beyond: ERR_EVENTS_TOO_MANY_WAITERS. */
export const MAX_POSITION_WAITERS = 10_000;
