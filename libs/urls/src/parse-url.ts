/**
 * A URL as browsers read it (WHATWG URL). `URL.canParse` is not asked anywhere: once V8 has compiled its caller, it denies
 * texts with letters from U+0080 to U+00FF that are URLs (Node.js 20.20 and 22.23).
 * @param text absolute, or relative to `base`
 * @returns undefined when it is none
 */
export function parseUrl(text: string, base?: string | URL): URL | undefined {
  try {
    return new URL(text, base);
  } catch {
    return undefined;
  }
}
