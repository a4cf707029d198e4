/** Rounds of unescaping: once for the origin, once more for a proxy or framework in front of it. */
const ROUNDS = 3;
const NEEDS_FOLDING = /[A-Z%;\\]|\/\/|\/\./;

/**
 * A path as the most lenient origins read it, to compare, never to forward: unescaped more than once, path parameters
 * (`;x`) cut, backslashes as slashes, repeated slashes as one, case folded. Undefined when a dot segment comes out of it:
 * where that leads depends on the origin.
 */
export function lenientPathOf(path: string): string | undefined {
  if (!NEEDS_FOLDING.test(path)) return path;
  let folded = path;
  for (let round = 0; round < ROUNDS && folded.includes('%'); round += 1)
    folded = folded.replace(/%([0-9a-f]{2})/gi, (_all, digits: string) =>
      String.fromCharCode(Number.parseInt(digits, 16)),
    );
  folded = folded
    .replace(/\\/g, '/')
    .replace(/;[^/]*/g, '')
    .replace(/\/{2,}/g, '/')
    .toLowerCase();
  return /\/\.{1,2}(\/|$)/.test(folded) ? undefined : folded;
}
