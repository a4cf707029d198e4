import type { FailureReason, RetryClass } from './reasons.ts';

export type DispatchFacts = {
  readonly hasHead: boolean;
  /** A dispatch stayed unanswered: somebody may have it nevertheless. */
  readonly hasMissed: boolean;
  /** A connector may call the origin as soon as it has the head. */
  readonly mayRunUnconfirmed: boolean;
  /** The connector was told to go ahead: the first of the body, or its end, was sent. */
  readonly isConfirmed: boolean;
  /** The connector itself said that it had not contacted the origin. */
  readonly isUntouched: boolean;
  readonly isIdempotent: boolean;
  /** The user's body may have been read already. */
  readonly isBodyTaken: boolean;
};

/** How far a failed request can have got. When in doubt, further: a request must not run twice unnoticed. */
export function retryClassOf(reason: FailureReason, facts: DispatchFacts): RetryClass {
  if (facts.hasHead) return 'response-begun';
  const mayRunElsewhere = facts.hasMissed && facts.mayRunUnconfirmed;
  if (reason === 'no-connector' || reason === 'refused' || facts.isUntouched) {
    return mayRunElsewhere ? 'dispatched' : 'not-dispatched';
  }
  return facts.mayRunUnconfirmed || facts.isConfirmed ? 'dispatched' : 'not-dispatched';
}

/** Whether opening the same request once more is safe: see PROTOCOL.md "Retry classes". */
export function mayRetry(retryClass: RetryClass, facts: DispatchFacts): boolean {
  if (facts.isBodyTaken || retryClass === 'response-begun') return false;
  return retryClass === 'not-dispatched' || facts.isIdempotent;
}
