import { parsePreferences } from './preferences.ts';

/** The languages our pages are written in. The first one is shown to those who read none of them. */
export const LANGUAGES = ['en', 'it'] as const;
export type Language = (typeof LANGUAGES)[number];
export const DEFAULT_LANGUAGE: Language = LANGUAGES[0];

/** The same texts in every language: a translation that is missing does not compile. */
export type Catalog<Texts> = Readonly<Record<Language, Texts>>;

/**
 * The language of ours that an Accept-Language field likes most (RFC 4647, lookup: `it-CH` finds `it`). Of equal weights
 * the first written wins; nothing that fits, or no field, is the default language.
 */
export function chooseLanguage(acceptLanguage: string): Language {
  const ranges = parsePreferences(acceptLanguage);
  const refused = new Set(ranges.filter(({ weight }) => weight === 0).map(({ value }) => value));
  let chosen: Language | undefined;
  let best = 0;
  for (const { value, weight } of ranges) {
    const found = weight > best ? languageOfRange(value, refused) : undefined;
    if (found === undefined) continue;
    chosen = found;
    best = weight;
  }
  return chosen ?? DEFAULT_LANGUAGE;
}

function languageOfRange(range: string, refused: ReadonlySet<string>): Language | undefined {
  if (range === '*') return LANGUAGES.find((language) => !refused.has(language));
  const primary = range.split('-', 1)[0];
  return LANGUAGES.find((language) => language === primary);
}
