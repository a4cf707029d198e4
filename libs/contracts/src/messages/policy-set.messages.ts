import { z } from 'zod';
import {
  accessPolicy,
  locationId,
  MAX_LOCATIONS,
  MAX_POLICIES,
  namedLocation,
  policyId,
} from '../facts/policy-set.facts.ts';
import { endpoints } from '../subjects.ts';
import { commandContext } from './common.ts';
import { endpoint } from './endpoint.ts';

const change = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('put-policy'), policy: accessPolicy }),
  z.object({ kind: z.literal('remove-policy'), policyId }),
  z.object({ kind: z.literal('put-location'), location: namedLocation }),
  z.object({ kind: z.literal('remove-location'), locationId }),
  /** All there is from now on: what is not named goes, what has not changed keeps its version. */
  z.object({
    kind: z.literal('replace'),
    policies: z.array(accessPolicy).max(MAX_POLICIES),
    locations: z.array(namedLocation).max(MAX_LOCATIONS),
  }),
]);
export type PolicySetChange = z.infer<typeof change>;

/** Something an admin should know about a set that is accepted all the same. */
export const policyFinding = z.object({ policyId: z.string(), clause: z.string(), text: z.string() });
export type PolicyFinding = z.infer<typeof policyFinding>;

const setView = z.object({
  /** Of the policy set: what decisions name. */
  revision: z.number().int(),
  policies: z.array(z.object({ version: z.number().int(), policy: accessPolicy })),
  locations: z.array(z.object({ version: z.number().int(), location: namedLocation })),
  findings: z.array(policyFinding),
});
export type PolicySetView = z.infer<typeof setView>;

/**
 * Changes the policy set. `expectedVersion` is that of the policy or location, 0 when it must be new; for `replace` it is the
 * revision of the set. `force` takes a set that locks every administrator out. `dryRun` refuses what would be refused and answers the
 * set as it would be, with the revision there is; nothing changes.
 */
export const changePolicySet = endpoint(
  endpoints.changePolicySet,
  commandContext.extend({
    change,
    expectedVersion: z.number().int().min(0).optional(),
    force: z.boolean().default(false),
    dryRun: z.boolean().default(false),
  }),
  setView,
);

export const policySet = endpoint(endpoints.policySet, z.object({}), setView);
