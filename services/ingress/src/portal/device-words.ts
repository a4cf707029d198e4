/** What a client says of itself, in names; null where it does not say. Anybody can write anything there: words to recognize, no proof. */
export type Device = { readonly program: string | null; readonly system: string | null };

/** The first that is found counts: most browsers name those they descend from as well. */
const PROGRAMS: readonly (readonly [RegExp, string])[] = [
  [/\bEdg(?:e|A|iOS)?\/\d/, 'Edge'],
  [/\b(?:OPR|Opera|OPT)\/\d/, 'Opera'],
  [/\bSamsungBrowser\/\d/, 'Samsung Internet'],
  [/\bVivaldi\/\d/, 'Vivaldi'],
  [/\b(?:Firefox|FxiOS)\/\d/, 'Firefox'],
  [/\b(?:HeadlessChrome|Chrome|CriOS|Chromium)\/\d/, 'Chrome'],
  [/\bVersion\/\d.*\bSafari\/\d/, 'Safari'],
];
const SYSTEMS: readonly (readonly [RegExp, string])[] = [
  [/\biPhone\b/, 'iPhone'],
  [/\biPad\b/, 'iPad'],
  [/\bAndroid\b/, 'Android'],
  [/\bCrOS\b/, 'ChromeOS'],
  [/\bWindows\b/, 'Windows'],
  [/\b(?:Macintosh|Mac OS X|Darwin)\b/, 'macOS'],
  [/\b(?:Linux|X11)\b/, 'Linux'],
];
/** A program that is no browser begins with its own name (RFC 9110, 10.1.5). */
const PRODUCT = /^([A-Za-z][\w.-]{0,30})(?:\/|\s|$)/;
const BROWSER_SINCE_1994 = 'Mozilla';

export function readDevice(userAgent: string): Device {
  const find = (names: readonly (readonly [RegExp, string])[]) =>
    names.find(([pattern]) => pattern.test(userAgent))?.[1] ?? null;
  return { program: find(PROGRAMS) ?? productOf(userAgent), system: find(SYSTEMS) };
}

function productOf(userAgent: string): string | null {
  const name = PRODUCT.exec(userAgent)?.[1];
  return name === undefined || name === BROWSER_SINCE_1994 ? null : name;
}
