import type { NamedLocation } from '#libs/contracts';
import { either, type Match } from '../three-valued.ts';
import { type Address, type AddressRange, parseRange } from './address.ts';
import { addHolders, createRangeTable, type RangeTable } from './range-table.ts';

type Place = {
  readonly hasRanges: boolean;
  readonly hasCountries: boolean;
  /** A range of it could not be read: an address that is in none of the others may be in that one. */
  readonly isUnreadable: boolean;
};

export type LocationTable = {
  readonly places: ReadonlyMap<string, Place>;
  readonly trusted: readonly string[];
  readonly ranges: readonly { readonly id: string; readonly range: AddressRange }[];
  readonly byAddress: RangeTable;
  readonly byCountry: ReadonlyMap<string, readonly string[]>;
};

/** Where somebody is, as far as policies can ask. */
export type Whereabouts = {
  /** The locations that surely hold the address. */
  readonly locations: ReadonlySet<string>;
  /** In any that is trusted. */
  readonly trusted: Match;
  /** In none, and of no known country. */
  readonly unknown: Match;
  /** `missing` also of a location that does not exist: what an admin meant by it cannot be known. */
  isIn(location: string): Match;
};

export function createLocationTable(locations: readonly NamedLocation[]): LocationTable {
  const places = new Map<string, Place>();
  const ranges: { id: string; range: AddressRange }[] = [];
  const byCountry = new Map<string, string[]>();
  for (const { id, ranges: texts, countries } of locations) {
    const parsed = texts.map(parseRange);
    for (const range of parsed) if (range !== undefined) ranges.push({ id, range });
    for (const country of new Set(countries)) byCountry.set(country, [...(byCountry.get(country) ?? []), id]);
    places.set(id, {
      hasRanges: texts.length > 0,
      hasCountries: countries.length > 0,
      isUnreadable: parsed.includes(undefined),
    });
  }
  const trusted = locations.filter(({ isTrusted }) => isTrusted).map(({ id }) => id);
  return { places, trusted, ranges, byAddress: createRangeTable(ranges), byCountry };
}

/**
 * `address` undefined: it could not be read. `country` as in AccessInputs. Ranges and countries of one location add up: either is
 * enough to be in it.
 */
export function whereaboutsOf(table: LocationTable, address: Address | undefined, country: string | null): Whereabouts {
  const locations = new Set<string>();
  if (address !== undefined) addHolders(table.byAddress, address, locations);
  if (country !== null) for (const id of table.byCountry.get(country) ?? []) locations.add(id);
  const isInPlace = (id: string, place: Place): Match => {
    if (locations.has(id)) return 'met';
    if (place.isUnreadable || (place.hasRanges && address === undefined)) return 'missing';
    return place.hasCountries && country === null ? 'missing' : 'unmet';
  };
  const ofPlace = (id: string): Match => {
    const place = table.places.get(id);
    return place === undefined ? 'missing' : isInPlace(id, place);
  };
  return {
    locations,
    trusted: table.trusted.reduce<Match>((match, id) => either(match, ofPlace(id)), 'unmet'),
    unknown: unknownOf(table, locations, country, isInPlace),
    isIn: ofPlace,
  };
}

function unknownOf(
  table: LocationTable,
  locations: ReadonlySet<string>,
  country: string | null,
  isInPlace: (id: string, place: Place) => Match,
): Match {
  if (locations.size > 0) return 'unmet';
  if (country === null) return 'missing';
  if (country !== 'unknown') return 'unmet';
  for (const [id, place] of table.places) if (isInPlace(id, place) === 'missing') return 'missing';
  return 'met';
}
