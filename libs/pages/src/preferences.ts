/** Characters and entries of a preference list that are read; what comes behind them is ignored. */
const MAX_LENGTH = 2_048;
const MAX_ENTRIES = 32;

const ENTRY = /(?:[^,"]|"(?:\\.|[^"\\])*")+/g;
const WEIGHT = /^(?:0(?:\.[0-9]{0,3})?|1(?:\.0{0,3})?)$/;

export type Preference = {
  /** Lower case, without parameters. */
  readonly value: string;
  /** 0 to 1; 0 means: not this one. */
  readonly weight: number;
};

/**
 * The entries of a field such as Accept or Accept-Language with their weights (RFC 9110, 12.4.2), in the order they were
 * written. Total: an entry with a weight that is none counts as refused, empty ones are left out.
 */
export function parsePreferences(field: string): readonly Preference[] {
  const preferences: Preference[] = [];
  for (const [entry] of field.slice(0, MAX_LENGTH).matchAll(ENTRY)) {
    const [value = '', ...parameters] = entry.split(';').map((part) => part.trim().toLowerCase());
    if (value !== '') preferences.push({ value, weight: weightOf(parameters) });
    if (preferences.length === MAX_ENTRIES) break;
  }
  return preferences;
}

function weightOf(parameters: readonly string[]): number {
  const written = parameters.find((parameter) => /^q\s*=/.test(parameter));
  if (written === undefined) return 1;
  const weight = written.slice(written.indexOf('=') + 1).trim();
  return WEIGHT.test(weight) ? Number(weight) : 0;
}
