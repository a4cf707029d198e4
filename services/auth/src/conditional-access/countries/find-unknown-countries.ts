import type { AccessPolicy, NamedLocation, PolicyFinding, PolicySetState } from '#libs/contracts';

/**
 * While there is no database of countries: the policies whose locations cannot be judged by ranges alone. Policies that are off are
 * looked at too: they may be switched on. Pure.
 */
export function findUnknownCountries(state: PolicySetState): readonly PolicyFinding[] {
  const locations = state.locations.map(({ document }) => document);
  return state.policies.flatMap(({ document }) => {
    const named = askedCountries(document, locations);
    if (named.length === 0) return [];
    const text = `countries are asked for (${named.join(', ')}), but auth has no database of countries: the policy refuses whoever its other conditions let in and no range places; set \`countryDatabase\` of auth`;
    return [{ policyId: document.id, clause: 'conditions.locations', text }];
  });
}

/** The words and ids of locations that need the country of an address. */
function askedCountries({ conditions }: AccessPolicy, locations: readonly NamedLocation[]): readonly string[] {
  const chosen: readonly string[] = [
    ...(conditions.locations?.include ?? []),
    ...(conditions.locations?.exclude ?? []),
  ];
  const withCountries = locations.filter(({ countries }) => countries.length > 0);
  return [...new Set(chosen)].filter((choice) => {
    if (choice === 'unknown') return true;
    if (choice === 'trusted') return withCountries.some(({ isTrusted }) => isTrusted);
    return withCountries.some(({ id }) => id === choice);
  });
}
