import type { ClientKind, Platform } from '#libs/contracts';

/** What a client says of itself. Anybody can write anything there: a convenience, never protection by itself (ADR-0011). */
export type ClaimedClient = { readonly platform: Platform | null; readonly clientKind: ClientKind | null };

/**
 * The first that is found counts. Order matters: Android and Chrome OS name Linux or X11 as well, iOS names Mac OS X. An
 * iPad that asks for desktop pages says that it is a Macintosh, and is taken for one.
 */
const PLATFORMS: readonly (readonly [RegExp, Platform])[] = [
  [/\b(?:iPhone|iPad|iPod)\b/, 'ios'],
  [/\bAndroid\b/, 'android'],
  [/\bCrOS\b/, 'chromeos'],
  [/\bWindows\b/, 'windows'],
  [/\b(?:Macintosh|Mac OS X|Darwin)\b/, 'macos'],
  [/\b(?:Linux|X11)\b/, 'linux'],
];
/** What every browser has begun with since 1994, Opera's old engine excepted. */
const BROWSER = /^(?:Mozilla|Opera)\/\d/;

/**
 * Platform and kind by the User-Agent field (RFC 9110, 10.1.5). A platform that is not named is unknown; so is the kind of
 * a client that sends none. What is no browser is `native`.
 */
export function readUserAgent(userAgent: string): ClaimedClient {
  const platform = PLATFORMS.find(([pattern]) => pattern.test(userAgent))?.[1] ?? null;
  if (userAgent.trim() === '') return { platform: null, clientKind: null };
  return { platform, clientKind: BROWSER.test(userAgent) ? 'browser' : 'native' };
}
