import type { AccessPolicy } from '#libs/contracts';
import type { LocationTable } from './locations/location-table.ts';
import type { Situation } from './situation.ts';
import type { Match } from './three-valued.ts';
import type { TimeZones } from './times/time-zone.ts';

/** What a policy is prepared with, once for a policy set. */
export type Preparation = {
  readonly locations: LocationTable;
  readonly timeZones: TimeZones;
};

/** A criterion of one policy, ready to be asked often. */
export type Probe = {
  /** Pure and total. */
  matches(situation: Situation): Match;
  /** Milliseconds since the epoch, after now, before which the answer stays; undefined: as long as the inputs. */
  changesAtMs?(situation: Situation): number | undefined;
};

/** One thing a policy looks at to find out whether it applies. One file each. */
export type Criterion = {
  /** Where it stands in the policy document, for example `conditions.locations`. */
  readonly clause: string;
  /** Said when it is met, and when not: kebab-case, ends up in records and metrics. */
  readonly reasons: readonly [met: string, unmet: string];
  /** Said when its input is unknown. */
  readonly missingReason: string;
  /** Undefined: the policy does not ask, so it counts as met. */
  prepare(policy: AccessPolicy, preparation: Preparation): Probe | undefined;
};
