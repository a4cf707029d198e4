import type { AccessPolicy, PolicySetState, SessionControls, Versioned } from '#libs/contracts';
import type { ControlProbe } from './controls/control.ts';
import { prepareControl } from './controls/prepare-control.ts';
import { allCriteria } from './criteria/all-criteria.ts';
import type { Criterion, Preparation, Probe } from './criterion.ts';
import { comparableId } from './directory-id.ts';
import type { PolicyOutcome } from './evaluation.ts';
import { createLocationTable, type LocationTable } from './locations/location-table.ts';
import { prepareSession } from './session/session-controls.ts';
import { createTimeZones, type TimeZones } from './times/time-zone.ts';

/** A grant or session control in its place. */
export type PlacedControl = { readonly clause: string; readonly check: ControlProbe };

export type CompiledPolicy = {
  readonly id: string;
  readonly version: number;
  readonly isReportOnly: boolean;
  /** Only what the policy asks for. */
  readonly asked: readonly { readonly criterion: Criterion; readonly probe: Probe }[];
  readonly isBlock: boolean;
  /** Grant controls of `all`, and session controls. */
  readonly mustHold: readonly PlacedControl[];
  /** Grant controls of `any`. */
  readonly alternatives: readonly PlacedControl[];
  /** Undefined: it has none. */
  readonly session: SessionControls | undefined;
  readonly document: AccessPolicy;
  /** What it says most of the time: one object for all evaluations. */
  readonly satisfied: PolicyOutcome;
};

/** A policy set in the shape evaluation wants: opaque to callers, made once for each revision, never changed. */
export type CompiledPolicySet = {
  /** Without those that are off, by id, so that the order in which admins wrote them cannot matter. */
  readonly policies: readonly CompiledPolicy[];
  readonly locations: LocationTable;
  readonly timeZones: TimeZones;
  /** Groups that any policy names, as comparableId has them: the others of a user need not be looked at. */
  readonly namedGroups: ReadonlySet<string>;
};

/** Total: what cannot be understood (a location that is gone, an unknown time zone) denies where it is needed, see findContradictions. */
export function compilePolicySet(state: PolicySetState): CompiledPolicySet {
  const used = state.policies.filter(({ document }) => document.state !== 'off');
  const preparation: Preparation = {
    locations: createLocationTable(state.locations.map(({ document }) => document)),
    timeZones: createTimeZones(used.flatMap(({ document }) => document.conditions.times?.timeZone ?? [])),
  };
  return {
    policies: used
      .map((policy) => compilePolicy(policy, preparation))
      .sort((one, other) => (one.id < other.id ? -1 : 1)),
    locations: preparation.locations,
    timeZones: preparation.timeZones,
    namedGroups: new Set(used.flatMap(({ document }) => groupsOf(document)).map(comparableId)),
  };
}

function compilePolicy({ document, version }: Versioned<AccessPolicy>, preparation: Preparation): CompiledPolicy {
  return {
    id: document.id,
    version,
    isReportOnly: document.state === 'report-only',
    asked: allCriteria.flatMap((criterion) => {
      const probe = criterion.prepare(document, preparation);
      return probe === undefined ? [] : [{ criterion, probe }];
    }),
    isBlock: document.grant.kind === 'block',
    mustHold: [...placeControls(document.grant, 'all'), ...prepareSession(document.session)],
    alternatives: placeControls(document.grant, 'any'),
    session: Object.keys(document.session).length === 0 ? undefined : document.session,
    document,
    satisfied: Object.freeze({
      policyId: document.id,
      policyVersion: version,
      isReportOnly: document.state === 'report-only',
      result: 'satisfied',
      clauses: [],
    }),
  };
}

function placeControls(grant: AccessPolicy['grant'], operator: 'all' | 'any'): readonly PlacedControl[] {
  if (grant.kind !== 'require' || grant.operator !== operator) return [];
  return grant.controls.map((control, index) => ({
    clause: `grant.controls.${index}`,
    check: prepareControl(control),
  }));
}

function groupsOf({ assignments: { users } }: AccessPolicy): readonly string[] {
  return users.include === 'all' ? users.exclude.groups : [...users.include.groups, ...users.exclude.groups];
}
