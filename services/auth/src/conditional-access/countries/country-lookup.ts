/** Tells the country of an address. */
export type CountryLookup = {
  /**
   * ISO 3166-1 alpha-2; `unknown`: looked up and not found, or no address; null: there is no way to look it up. From memory. Never
   * throws, whatever the text.
   */
  readonly countryOf: (address: string) => string | null;
};

export const NO_COUNTRIES: CountryLookup = { countryOf: () => null };
