import type { AccessPolicy, GrantControl, NamedLocation } from '#libs/contracts';

type People = AccessPolicy['assignments']['users']['exclude'];

/** The policy in a few words each, for a row of a table. */
export function whoOf({ assignments: { users } }: AccessPolicy): string {
  const include = users.include === 'all' ? 'everybody' : peopleOf(users.include);
  const exclude = peopleOf(users.exclude);
  return exclude === 'nobody' ? include : `${include} but ${exclude}`;
}

export function appsOf({ assignments: { apps } }: AccessPolicy): string {
  const include = apps.include === 'all' ? 'all' : apps.include.join(', ');
  return apps.exclude.length === 0 ? include : `${include} but ${apps.exclude.join(', ')}`;
}

export function grantOf({ grant }: AccessPolicy): string {
  if (grant.kind !== 'require') return grant.kind;
  const word = grant.operator === 'all' ? ' and ' : ' or ';
  return `require ${grant.controls.map(controlOf).join(word)}`;
}

export function sessionOf({ session }: AccessPolicy): string {
  const { signInFrequencyMinutes, maxSessionMinutes, persistentBrowser, bindToNetwork } = session;
  const parts = [
    ...(signInFrequencyMinutes === undefined ? [] : [`sign in again after ${signInFrequencyMinutes} min`]),
    ...(maxSessionMinutes === undefined ? [] : [`session ends after ${maxSessionMinutes} min`]),
    ...(persistentBrowser === undefined ? [] : [`persistent browser ${persistentBrowser}`]),
    ...(bindToNetwork === true ? ['bound to its network'] : []),
  ];
  return parts.length === 0 ? 'none' : parts.join(', ');
}

/** Each condition that must be met for the policy to apply, with its name. */
export function conditionsOf({ conditions }: AccessPolicy): readonly (readonly [string, string])[] {
  const { locations, platforms, deviceStates, clientKinds, signInRisk, userRisk, times } = conditions;
  return [
    ...(locations === undefined ? [] : [['locations', rangeOf(locations.include, locations.exclude)] as const]),
    ...(platforms === undefined
      ? []
      : [['platforms', rangeOf([platforms.include].flat(), platforms.exclude)] as const]),
    ...(deviceStates === undefined ? [] : [['device states', deviceStates.join(', ')] as const]),
    ...(clientKinds === undefined ? [] : [['client kinds', clientKinds.join(', ')] as const]),
    ...(signInRisk === undefined ? [] : [['sign-in risk', signInRisk.join(', ')] as const]),
    ...(userRisk === undefined ? [] : [['user risk', userRisk.join(', ')] as const]),
    ...(times === undefined ? [] : [['times', timesOf(times)] as const]),
  ];
}

export function placesOf({ ranges, countries }: NamedLocation): string {
  const shown = [...ranges.slice(0, 3), ...(ranges.length > 3 ? [`and ${ranges.length - 3} more`] : []), ...countries];
  return shown.length === 0 ? 'nowhere' : shown.join(', ');
}

function peopleOf({ users, groups, directoryRoles, guests }: People): string {
  const parts = [
    ...(guests ? ['guests'] : []),
    ...(users.length === 0 ? [] : [counted(users.length, 'user')]),
    ...(groups.length === 0 ? [] : [counted(groups.length, 'group')]),
    ...(directoryRoles.length === 0 ? [] : [counted(directoryRoles.length, 'role')]),
  ];
  return parts.length === 0 ? 'nobody' : parts.join(', ');
}

export function counted(count: number, noun: string, plural = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : plural}`;
}

function controlOf(control: GrantControl): string {
  switch (control.kind) {
    case 'authentication-strength':
      return control.context;
    case 'compliant-device':
      return 'compliant device';
    case 'reauthentication':
      return `sign-in within ${control.maxAgeMinutes} min`;
    default:
      return control satisfies never;
  }
}

function rangeOf(include: readonly string[], exclude: readonly string[]): string {
  return exclude.length === 0 ? include.join(', ') : `${include.join(', ')} but ${exclude.join(', ')}`;
}

const DAYS = ['', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat', 'Sun'] as const;

function timesOf({ timeZone, windows }: NonNullable<AccessPolicy['conditions']['times']>): string {
  const shown = windows.map(({ days, from, until }) => {
    const names = days.map((day) => DAYS[day] ?? String(day));
    return `${names.join(' ')} ${from} to ${until}`;
  });
  return `${shown.join(', ')} (${timeZone})`;
}
