const CODE = /^[A-Z]{2}$/;

/** Keys of a record that hold a country, in the layouts `countryOfRecord` reads. */
export const COUNTRY_KEYS: readonly string[] = ['country', 'country_code'];

/**
 * The country of a record as the usual databases write it: `country.iso_code` (MaxMind, DB-IP), `country_code` or `country` as text
 * (IPinfo). `registered_country`, where the network is registered and not where it is used, does not count. Total; else `unknown`.
 */
export function countryOfRecord(record: unknown): string {
  const country = fieldOf(record, 'country');
  const code = [fieldOf(country, 'iso_code'), fieldOf(record, 'country_code'), country].find(isCode);
  return code ?? 'unknown';
}

function isCode(value: unknown): value is string {
  return typeof value === 'string' && CODE.test(value);
}

/** Own fields only: a database can name a field `__proto__`. */
function fieldOf(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
  return Reflect.get(value, name);
}
