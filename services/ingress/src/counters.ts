/** Counts since start, for the log at drain; metrics will read them too. */
export type Counters = {
  requests: number;
  forwarded: number;
  answered: number;
  redirected: number;
  denied: number;
  throttled: number;
  failed: number;
  /** Requests the parser refused: they have no access record because nothing of them can be trusted; the log has some. */
  malformed: number;
  /** Requests refused because access records could not be stored. */
  refusedForRecords: number;
  userGone: number;
  bytesIn: number;
  bytesOut: number;
};

export function createCounters(): Counters {
  return {
    requests: 0,
    forwarded: 0,
    answered: 0,
    redirected: 0,
    denied: 0,
    throttled: 0,
    failed: 0,
    malformed: 0,
    refusedForRecords: 0,
    userGone: 0,
    bytesIn: 0,
    bytesOut: 0,
  };
}
