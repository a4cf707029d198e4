import type { ClientKind, DeviceState, Platform } from '#libs/contracts';
import type { AccessInputs } from '../access-inputs.ts';
import type { CompiledPolicy, CompiledPolicySet } from '../compile-policy-set.ts';
import { ADDRESS_BITS, type Address, lastOf, parseAddress, textOfAddress } from '../locations/address.ts';
import { addHolders } from '../locations/range-table.ts';
import { inWeekMs, spansOf, wrapWeek } from '../times/weekly-windows.ts';

/** How many instants, addresses and pairs of address and country are tried; what lies beyond counts as closed: the check errs by refusing. */
export const MAX_INSTANTS = 2000;
export const MAX_PLACES = 1000;
export const MAX_ADDRESSES = 20_000;

/** Values of inputs that one group of criteria looks at. */
export type Candidates = readonly Partial<AccessInputs>[];

/** Two weeks in which no clock changes: one in winter and one in summer, so that each zone shows both its offsets. */
const WEEKS_BEGIN_MS = [Date.UTC(2027, 0, 4), Date.UTC(2027, 6, 5)];
const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

const platforms: Readonly<Record<Platform, true>> = {
  android: true,
  ios: true,
  windows: true,
  macos: true,
  linux: true,
  chromeos: true,
};
/** No machine administers: the portal takes sessions only. */
const clientKinds: Readonly<Record<Exclude<ClientKind, 'machine'>, true>> = { browser: true, native: true };
const deviceStates: Readonly<Record<DeviceState, true>> = {
  compliant: true,
  joined: true,
  flagged: true,
  unregistered: true,
};

/** Of a member whom no policy names: no id and no group of theirs is in any. All the rest is as good as it gets. */
export function bestInputs(appId: string): AccessInputs {
  const nowMs = WEEKS_BEGIN_MS[0] ?? 0;
  return {
    appId,
    subject: '',
    groups: [],
    directoryRoles: [],
    isGuest: false,
    ...freshAt(nowMs),
    authenticationContexts: Array.from({ length: 99 }, (_, index) => `c${index + 1}`),
    address: '192.0.2.1',
    sessionAddress: '192.0.2.1',
    country: 'unknown',
    platform: 'linux',
    deviceStates: [],
    clientKind: 'browser',
    signInRisk: 'none',
    userRisk: 'none',
  };
}

export function candidateDevices(): Candidates {
  const states = keysOf(deviceStates);
  return Array.from({ length: 2 ** states.length }, (_, chosen) => ({
    deviceStates: states.filter((_state, index) => Math.floor(chosen / 2 ** index) % 2 === 1),
  }));
}

export function candidatePlatforms(): Candidates {
  return keysOf(platforms).map((platform) => ({ platform }));
}

export function candidateClientKinds(): Candidates {
  return keysOf(clientKinds).map((clientKind) => ({ clientKind }));
}

/** The hours of two weeks, and every instant in them at which a window of a policy begins or ends: no answer is left out. */
export function candidateInstants(
  policies: readonly CompiledPolicy[],
  { timeZones }: Pick<CompiledPolicySet, 'timeZones'>,
): Candidates {
  const asked = policies.flatMap(({ document }) => document.conditions.times ?? []);
  if (asked.length === 0) return [{}];
  const instants = new Set<number>();
  for (const weekMs of WEEKS_BEGIN_MS) for (let hour = 0; hour < 168; hour += 1) instants.add(weekMs + hour * HOUR_MS);
  for (const { timeZone, windows } of asked) {
    const minutes = spansOf(windows).flatMap(({ from, until }) => [from, until]);
    for (const weekMs of WEEKS_BEGIN_MS) {
      const offset = timeZones.get(timeZone)?.(weekMs);
      if (offset === undefined) continue;
      const beginsMs = inWeekMs(weekMs + offset.offsetMs);
      for (const minute of minutes) instants.add(weekMs + wrapWeek(minute * MINUTE_MS - beginsMs));
    }
  }
  // In order, because time zones keep what they know about a day.
  const inOrder = [...instants].slice(0, MAX_INSTANTS).sort((one, other) => one - other);
  return inOrder.map(freshAt);
}

/**
 * One address of each set of locations that an address can be in: where a range begins, or the one before has ended, is the lowest
 * address of every such set. With each of them, one country of each set of locations that countries are in. Only locations that the
 * policies look at tell addresses apart.
 */
export function candidatePlaces(
  policies: readonly CompiledPolicy[],
  { locations }: Pick<CompiledPolicySet, 'locations'>,
  isCountryKnown: boolean,
): Candidates {
  const choices = policies.flatMap(({ document: { conditions } }) =>
    conditions.locations === undefined ? [] : [...conditions.locations.include, ...conditions.locations.exclude],
  );
  if (choices.length === 0) return [{}];
  const isAnyAsked = choices.includes('trusted') || choices.includes('unknown');
  const asked = new Set<string>(isAnyAsked ? locations.places.keys() : choices);
  const addresses = new Map<string, string>();
  for (const text of boundaries(locations.ranges.filter(({ id }) => asked.has(id)))) {
    const address = parseAddress(text);
    if (address === undefined) continue;
    if (addresses.size >= MAX_PLACES) break;
    const holders = new Set<string>();
    addHolders(locations.byAddress, address, holders);
    const signature = signatureOf(holders, asked);
    if (!addresses.has(signature)) addresses.set(signature, text);
  }
  const countries = isCountryKnown ? candidateCountries(locations.byCountry, asked) : [null];
  return [...addresses.values()]
    .flatMap((address) => countries.map((country) => ({ address, sessionAddress: address, country })))
    .slice(0, MAX_PLACES);
}

/** ISO 3166 leaves `ZZ` to users: here a known country that no location has. */
function candidateCountries(
  byCountry: ReadonlyMap<string, readonly string[]>,
  asked: ReadonlySet<string>,
): readonly string[] {
  const countries = new Map([...byCountry].map(([country, ids]) => [signatureOf(ids, asked), country]));
  return ['unknown', ...(byCountry.has('ZZ') ? [] : ['ZZ']), ...countries.values()];
}

function signatureOf(ids: Iterable<string>, asked: ReadonlySet<string>): string {
  return JSON.stringify([...ids].filter((id) => asked.has(id)).sort());
}

function boundaries(ranges: CompiledPolicySet['locations']['ranges']): readonly string[] {
  const texts = new Set(['192.0.2.1', '0.0.0.0', '::', '2001:db8::1']);
  for (const { range } of ranges) {
    if (texts.size >= MAX_ADDRESSES) break;
    texts.add(textOfAddress({ family: range.family, value: range.first }));
    const behind: Address = { family: range.family, value: lastOf(range) + 1n };
    if (behind.value < 1n << BigInt(ADDRESS_BITS[range.family])) texts.add(textOfAddress(behind));
  }
  return [...texts];
}

function freshAt(nowMs: number) {
  return { nowMs, authenticatedAtMs: nowMs, sessionStartedAtMs: nowMs };
}

function keysOf<Key extends string>(record: Readonly<Record<Key, true>>): readonly Key[] {
  return Object.keys(record).filter((key): key is Key => key in record);
}
