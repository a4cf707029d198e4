import { SallyportError } from '#libs/errors';

/** ERR_AUTH_COUNTRY_DATABASE: the file of `countryDatabase` cannot be used; the message names file, problem and remedy. */
export function countryDatabaseError(path: string, problem: string, cause?: unknown): SallyportError {
  return new SallyportError(
    'ERR_AUTH_COUNTRY_DATABASE',
    `country database ${path} ${problem}: put a whole .mmdb file with countries there (MaxMind DB 2.0), or take \`countryDatabase\` out of the configuration`,
    { cause, expose: true, details: { path, problem } },
  );
}
