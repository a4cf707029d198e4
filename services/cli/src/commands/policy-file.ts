import { z } from 'zod';
import {
  type AccessPolicy,
  accessPolicy,
  locationId,
  type NamedLocation,
  namedLocation,
  type PolicySetView,
  policyId,
} from '#libs/contracts';
import { usageError } from '../errors.ts';

/** A list that the file does not name stays as it is. */
export type PolicyDocuments = {
  readonly policies: readonly AccessPolicy[];
  readonly locations: readonly NamedLocation[];
};

const policyFile = z.strictObject({
  policies: z.array(accessPolicy.extend({ id: policyId.optional() })).optional(),
  locations: z.array(namedLocation.extend({ id: locationId.optional() })).optional(),
});

const MAX_PROBLEMS = 10;
const MAX_ID_CHARACTERS = 64;

/**
 * What there shall be by a file of policies and locations. One without id is the one that has its name now, else gets an id
 * made from the name. Error: ERR_CLI_USAGE names each place that is wrong.
 */
export function readPolicyFile(file: string, text: string, now: PolicySetView): PolicyDocuments {
  const parsed = policyFile.safeParse(parseJson(file, text));
  if (!parsed.success) throw usageError(`${file} is not valid: ${problemsOf(parsed.error)}`);
  const { policies, locations } = parsed.data;
  const nowPolicies = now.policies.map(({ policy }) => policy);
  const nowLocations = now.locations.map(({ location }) => location);
  const idOf = (one: { readonly name: string; readonly id?: string | undefined }, known: readonly Named[]) =>
    one.id ?? known.find(({ name }) => isSameName(name, one.name))?.id ?? idFromName(file, one.name);
  return {
    policies: policies?.map((one) => ({ ...one, id: policyId.parse(idOf(one, nowPolicies)) })) ?? nowPolicies,
    locations: locations?.map((one) => ({ ...one, id: locationId.parse(idOf(one, nowLocations)) })) ?? nowLocations,
  };
}

type Named = { readonly id: string; readonly name: string };

function isSameName(one: string, other: string): boolean {
  return one.normalize('NFC').toLowerCase() === other.normalize('NFC').toLowerCase();
}

/** `Büro & Lager` becomes `buro-lager`. */
function idFromName(file: string, name: string): string {
  const plain = name.normalize('NFKD').replace(/\p{M}/gu, '').toLowerCase();
  const dashed = plain.replace(/[^a-z0-9]+/g, '-').replace(/^-/, '');
  const id = dashed.slice(0, MAX_ID_CHARACTERS).replace(/-$/, '');
  if (id !== '') return id;
  throw usageError(
    `${file}: no id can be made of the name ${JSON.stringify(name)}, which has no letter a-z and no digit: give it an id`,
  );
}

function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw usageError(`${file} is not JSON: ${why}`);
  }
}

function problemsOf(error: z.ZodError): string {
  const problems = error.issues.slice(0, MAX_PROBLEMS).map(({ path, message }) => {
    const place = path.length === 0 ? 'the file' : path.join('.');
    return `${place}: ${message.charAt(0).toLowerCase()}${message.slice(1)}`;
  });
  const left = error.issues.length - problems.length;
  return `${problems.join('; ')}${left > 0 ? `; and ${left} more` : ''}`;
}
