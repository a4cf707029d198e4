/**
 * @typedef {object} Finding
 * @property {string} category as wapiti calls it
 * @property {string} text for people, the same for the same finding
 */

/** Findings that are right, each with the reason; matched against the place, a colon and the finding. */
const EXPLAINED = /** @type {const} */ ([
  [/X-XSS-Protection is not set/, 'X-XSS-Protection: browsers have taken the filter away that it turned on'],
  [
    /Strict-Transport-Security is not set/,
    'HSTS is off for names below localhost, which other programs of a machine share',
  ],
  [
    /^app that asks for a sign-in: .*HttpOnly flag is not set in the cookie : _(interaction|session|grant)/,
    'cookies of the development identity provider say "httponly", which wapiti knows only as "HttpOnly" (RFC 6265, 5.2: no difference)',
  ],
  [
    /^app that asks for a sign-in: .*X-Frame-Options is not set/,
    "the page of the development identity provider says frame-ancestors 'none' in its policy",
  ],
]);

/**
 * Everything of a report, vulnerabilities and anomalies alike.
 * @param {string} text JSON of `wapiti -f json`
 * @returns {Finding[]}
 * @throws {Error} when it is no report
 */
export function readFindings(text) {
  const report = JSON.parse(text);
  if (typeof report.vulnerabilities !== 'object' || typeof report.anomalies !== 'object')
    throw new Error('wapiti wrote no report');
  const all = [...Object.entries(report.vulnerabilities), ...Object.entries(report.anomalies)];
  return all.flatMap(([category, found]) =>
    found.map((/** @type {{ method: string, path: string, info: string, parameter: string }} */ it) => ({
      category,
      text: `${category}: ${it.method} ${it.path.split('?')[0]}${it.parameter ? ` parameter ${it.parameter}` : ''}: ${it.info.split('\n')[0]}`,
    })),
  );
}

/**
 * @param {string} place
 * @param {Finding} finding
 * @returns {string | undefined} why it is right
 */
export function whyRight(place, { text }) {
  return EXPLAINED.find(([pattern]) => pattern.test(`${place}: ${text}`))?.[1];
}

/**
 * What the crawler visited, from what it says at `-v 1`.
 * @param {string} stdout
 * @returns {number} addresses
 */
export function countPages(stdout) {
  return new Set([...stdout.matchAll(/^\[\+\] (?:GET|POST) (\S+)/gm)].map((match) => match[1])).size;
}
