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
  /** The clauses that decided it: those that took the policy out, or all that failed. */
  readonly clauses: readonly ClauseOutcome[];
};

/** What would turn the verdict; the user can do it now. */
export type AccessChallenge = {
  /** Authentication contexts the next sign-in must bring. */
  readonly contexts: readonly string[];
  /** The sign-in must be at most this old, minutes; undefined: its age does not matter. */
  readonly maxAgeMinutes: number | undefined;
};

export type SessionRules = {
  readonly signInFrequencyMinutes: number | undefined;
  readonly persistentBrowser: 'always' | 'never' | undefined;
  readonly maxSessionMinutes: number | undefined;
  readonly bindToNetwork: boolean;
};

export type PolicyEvaluation = {
  readonly verdict: 'granted' | 'challenge' | 'denied';
  /** Of a challenge only. */
  readonly challenge: AccessChallenge | undefined;
  /** The policies that applied, with those that are report-only; the ones that said no first. */
  readonly outcomes: readonly PolicyOutcome[];
  readonly session: SessionRules;
  /** The verdict holds until then, milliseconds since the epoch; undefined: as long as set and other inputs stay. */
  readonly validUntilMs: number | undefined;
};
