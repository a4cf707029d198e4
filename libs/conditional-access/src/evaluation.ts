export type ClauseOutcome = {
  /** For example `conditions.locations`, `grant.controls.0`, `session.bindToNetwork`. */
  readonly clause: string;
  readonly reason: string;
};

/** What one policy said. */
export type PolicyOutcome = {
  readonly policyId: string;
  /** See Versioned. */
  readonly policyVersion: number;
  readonly isReportOnly: boolean;
  readonly result: 'not-applied' | 'satisfied' | 'unsatisfied' | 'blocked' | 'input-missing';
  /**
   * The clauses that decided it. `not-applied`: those that took the policy out; `unsatisfied` and `input-missing`: all that failed;
   * `blocked`: `grant`, and what brought the policy in; `satisfied`: none.
   */
  readonly clauses: readonly ClauseOutcome[];
};

/** What would turn the verdict; the user can do it now. */
export type AccessChallenge = {
  /** Authentication contexts the session must bring, sorted: those it lacks only. */
  readonly contexts: readonly string[];
  /** The sign-in must be at most this old, minutes, 0 for a new one; undefined: its age does not matter. */
  readonly maxAgeMinutes: number | undefined;
  /** This session is over (its age, its network): only a session that begins with the sign-in passes. `maxAgeMinutes` is 0 then. */
  readonly needsNewSession: boolean;
};

/** The strictest of what the policies that applied say, whatever the verdict; report-only ones do not count. */
export type SessionRules = {
  readonly signInFrequencyMinutes: number | undefined;
  /** `never` wins. */
  readonly persistentBrowser: 'always' | 'never' | undefined;
  readonly maxSessionMinutes: number | undefined;
  readonly bindToNetwork: boolean;
};

export type PolicyEvaluation = {
  readonly verdict: 'granted' | 'challenge' | 'denied';
  /** Of a challenge only. */
  readonly challenge: AccessChallenge | undefined;
  /** The policies that applied: those that said no first, the report-only ones last; of equals by id. */
  readonly outcomes: readonly PolicyOutcome[];
  readonly session: SessionRules;
  /**
   * Verdict, challenge and session rules hold at every instant before, milliseconds since the epoch, always later than now; undefined:
   * as long as set and other inputs stay.
   */
  readonly validUntilMs: number | undefined;
};
