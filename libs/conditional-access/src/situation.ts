import type { AccessInputs } from './access-inputs.ts';
import { comparableId } from './directory-id.ts';
import { type Address, isSameNetwork, parseAddress } from './locations/address.ts';
import { type LocationTable, type Whereabouts, whereaboutsOf } from './locations/location-table.ts';

/** The inputs of one evaluation, with what several policies would otherwise work out again. */
export type Situation = {
  readonly inputs: AccessInputs;
  /** The groups of the user that any policy names; null: unknown. */
  readonly groups: readonly string[] | null;
  readonly whereabouts: Whereabouts;
  /** Of the address now and those at which the session began. */
  readonly network: 'same' | 'changed' | 'unknown';
};

export type SituationFrame = {
  readonly locations: LocationTable;
  readonly namedGroups: ReadonlySet<string>;
};

export function createSituation(frame: SituationFrame, inputs: AccessInputs): Situation {
  const address = parseAddress(inputs.address);
  return {
    inputs,
    groups: inputs.groups === null ? null : inputs.groups.filter((group) => frame.namedGroups.has(comparableId(group))),
    whereabouts: whereaboutsOf(frame.locations, address, inputs.country),
    network: networkOf(inputs, address),
  };
}

/**
 * Unknown where nobody says one of the two, as with a token: no sign-in puts that right. A beginning that cannot be read counts as another network: a new sign-in puts that right. The second address counts for its own
 * family only, so that a session is bound to one network of each.
 */
function networkOf(inputs: AccessInputs, address: Address | undefined): Situation['network'] {
  if (address === undefined || inputs.sessionAddress === 'unknown') return 'unknown';
  if (inputs.address === inputs.sessionAddress) return 'same';
  const began = parseAddress(inputs.sessionAddress);
  if (began === undefined) return 'changed';
  if (isSameNetwork(address, began)) return 'same';
  const other = parseAddress(inputs.otherSessionAddress ?? '');
  return other !== undefined && other.family !== began.family && isSameNetwork(address, other) ? 'same' : 'changed';
}
