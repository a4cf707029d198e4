import type { AccessPolicy, NamedLocation } from '#libs/contracts';
import type { AccessInputs } from './access-inputs.ts';

/** `missing`: the input it needs is unknown, so the policy stays in and denies. */
export type Match = 'met' | 'unmet' | 'missing';

export type CriterionContext = {
  readonly policy: AccessPolicy;
  readonly inputs: AccessInputs;
  readonly locations: ReadonlyMap<string, NamedLocation>;
};

/** One thing a policy looks at to find out whether it applies. One file each. */
export type Criterion = {
  /** Where it stands in the policy document, for example `conditions.locations`. */
  readonly clause: string;
  /** Said when it is met, and when not: kebab-case, ends up in records and metrics. */
  readonly reasons: readonly [met: string, unmet: string];
  /** `met` also when the policy does not ask. Pure. */
  matches(context: CriterionContext): Match;
  /** Milliseconds since the epoch at which the answer may change by itself; undefined: it does not. */
  validUntilMs?(context: CriterionContext): number | undefined;
};
