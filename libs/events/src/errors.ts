import { SallyportError } from '#libs/errors';

/** Codes of this library. Callers branch on them. */
export type EventsErrorCode =
  | 'ERR_EVENTS_SUBJECT'
  | 'ERR_EVENTS_SCHEMA'
  | 'ERR_EVENTS_COMMIT_EMPTY'
  | 'ERR_EVENTS_COMMIT_TOO_LARGE'
  | 'ERR_EVENTS_METADATA'
  | 'ERR_EVENTS_REVISION'
  | 'ERR_EVENTS_FILTER'
  | 'ERR_EVENTS_AGGREGATE_TOO_LONG'
  | 'ERR_EVENTS_UNREADABLE'
  | 'ERR_EVENTS_UNAVAILABLE'
  | 'ERR_EVENTS_STALE_REVISION'
  | 'ERR_EVENTS_CONFLICT'
  | 'ERR_EVENTS_DEADLINE'
  | 'ERR_EVENTS_TOO_MANY_WAITERS'
  | 'ERR_EVENTS_STOPPED'
  | 'ERR_EVENTS_STREAM_UNSAFE'
  | 'ERR_EVENTS_SYNC_NOT_ALWAYS'
  | 'ERR_EVENTS_CHECKPOINT';

/** A stored commit that cannot be read. It is never passed over: whoever reads ends here. Inside detail: not exposed. */
export function unreadableCommit(subject: string, position: number, why: string, cause?: unknown): SallyportError {
  return new SallyportError(
    'ERR_EVENTS_UNREADABLE',
    `commit at ${subject} position ${position} is unreadable: ${why}`,
    {
      details: { subject, position },
      cause,
    },
  );
}

/** The broker did not answer, or not in time. After an append the outcome is unknown: send the same command again. */
export function storeUnavailable(what: string, cause: unknown): SallyportError {
  return new SallyportError('ERR_EVENTS_UNAVAILABLE', `event store unavailable: ${what}`, { retryable: true, cause });
}

export function storeStopped(what: string): SallyportError {
  return new SallyportError('ERR_EVENTS_STOPPED', `${what} was stopped`);
}
