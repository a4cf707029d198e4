import type { AccessPolicy, PolicyFinding, PolicySetState } from '#libs/contracts';
import { createTimeZones } from './times/time-zone.ts';
import { isEmptyWindow } from './times/weekly-windows.ts';

type Remark = { readonly clause: string; readonly text: string };

/** The conditions that are always there to choose from; see the schema of a policy. */
const PLATFORM_COUNT = 6;

/**
 * What an admin should know about a set that is accepted all the same: policies that apply to nobody or nowhere, that name what does
 * not exist, or that say what cannot matter. Policies that are off are looked at too: they may be switched on. Pure and total.
 */
export function findContradictions(state: PolicySetState): readonly PolicyFinding[] {
  const locationIds = new Set<string>(state.locations.map(({ document }) => document.id));
  return state.policies.flatMap(({ document }) =>
    [
      ...remarksOnUsers(document),
      ...remarksOnApps(document),
      ...remarksOnLocations(document, locationIds),
      ...remarksOnPlatforms(document),
      ...remarksOnTimes(document),
      ...remarksOnGrant(document),
    ].map((remark) => ({ policyId: document.id, ...remark })),
  );
}

function remarksOnUsers({ assignments: { users } }: AccessPolicy): readonly Remark[] {
  const { include, exclude } = users;
  if (include === 'all') return [];
  const kinds = ['users', 'groups', 'directoryRoles'] as const;
  const twice = kinds.flatMap((kind) =>
    remarksOnBoth(`assignments.users.exclude.${kind}`, include[kind], exclude[kind]),
  );
  const isNobodyLeft =
    kinds.every((kind) => isSubset(include[kind], exclude[kind])) && (!include.guests || exclude.guests);
  const guests =
    include.guests && exclude.guests
      ? [{ clause: 'assignments.users.exclude.guests', text: 'guests are included and excluded: they are excluded' }]
      : [];
  const nobody = {
    clause: 'assignments.users',
    text: 'the policy applies to nobody: nobody is included who is not excluded',
  };
  return [...twice, ...guests, ...(isNobodyLeft ? [nobody] : [])];
}

function remarksOnApps({ assignments: { apps } }: AccessPolicy): readonly Remark[] {
  if (apps.include === 'all') return [];
  const none = {
    clause: 'assignments.apps',
    text: 'the policy applies to no app: every app that is included is excluded',
  };
  return [
    ...remarksOnBoth('assignments.apps.exclude', apps.include, apps.exclude),
    ...(isSubset(apps.include, apps.exclude) ? [none] : []),
  ];
}

function remarksOnLocations(
  { conditions: { locations } }: AccessPolicy,
  known: ReadonlySet<string>,
): readonly Remark[] {
  if (locations === undefined) return [];
  const choices = new Set(['all', 'trusted', 'unknown']);
  const gone = (['include', 'exclude'] as const).flatMap((side) =>
    locations[side]
      .filter((id) => !choices.has(id) && !known.has(id))
      .map((id) => ({
        clause: `conditions.locations.${side}`,
        text: `location ${quoted(id)} does not exist: whoever the policy looks for is denied`,
      })),
  );
  const isNowhere = locations.exclude.includes('all') || isSubset(locations.include, locations.exclude);
  const nowhere = {
    clause: 'conditions.locations',
    text: 'the policy applies nowhere: every location that is included is excluded',
  };
  return [
    ...gone,
    ...remarksOnBoth('conditions.locations.exclude', locations.include, locations.exclude),
    ...(isNowhere ? [nowhere] : []),
  ];
}

function remarksOnPlatforms({ conditions: { platforms } }: AccessPolicy): readonly Remark[] {
  if (platforms === undefined) return [];
  const { include, exclude } = platforms;
  const isNone = include === 'all' ? new Set(exclude).size === PLATFORM_COUNT : isSubset(include, exclude);
  const none = {
    clause: 'conditions.platforms',
    text: 'the policy applies to no platform: every platform that is included is excluded',
  };
  const twice = include === 'all' ? [] : remarksOnBoth('conditions.platforms.exclude', include, exclude);
  return [...twice, ...(isNone ? [none] : [])];
}

function remarksOnTimes({ conditions: { times } }: AccessPolicy): readonly Remark[] {
  if (times === undefined) return [];
  const isKnown = createTimeZones([times.timeZone]).size > 0;
  const zone = {
    clause: 'conditions.times.timeZone',
    text: `${quoted(times.timeZone)} is no time zone: whoever the policy looks for is denied; expected an IANA name, for example Europe/Berlin`,
  };
  const empty = times.windows.flatMap((window, index) => {
    if (!isEmptyWindow(window)) return [];
    const clause = `conditions.times.windows.${index}`;
    return [{ clause, text: `the window ends at ${window.until}, when it begins: it is empty` }];
  });
  const never = { clause: 'conditions.times', text: 'the policy applies at no time: all its windows are empty' };
  return [...(isKnown ? [] : [zone]), ...empty, ...(empty.length === times.windows.length ? [never] : [])];
}

function remarksOnGrant({ grant, session }: AccessPolicy): readonly Remark[] {
  const given = Object.entries(session).filter(([, value]) => value !== undefined && value !== false);
  if (grant.kind === 'block' && given.length > 0) {
    return [
      { clause: 'session', text: 'the policy blocks: its session controls cannot matter to anybody it applies to' },
    ];
  }
  if (grant.kind === 'allow' && given.length === 0) {
    return [{ clause: 'grant', text: 'the policy allows and has no session controls: it changes nothing' }];
  }
  return [];
}

function remarksOnBoth(clause: string, include: readonly string[], exclude: readonly string[]): readonly Remark[] {
  const excluded = new Set(exclude);
  return [...new Set(include)]
    .filter((entry) => excluded.has(entry))
    .map((entry) => ({ clause, text: `${quoted(entry)} is included and excluded: it is excluded` }));
}

function isSubset(some: readonly string[], all: readonly string[]): boolean {
  const set = new Set(all);
  return some.every((entry) => set.has(entry));
}

function quoted(text: string): string {
  return JSON.stringify(text);
}
