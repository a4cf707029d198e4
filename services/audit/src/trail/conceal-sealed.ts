import { SEALED } from '#libs/contracts';

/** Fields that auth sealed. Only auth can open them, and nobody else has use for them. */
const IS_SEALED = /^(?:sealed[A-Z]\w*|refreshToken)$/;
/** Facts are no deeper than this; what is, is not passed on. */
const MAX_DEPTH = 12;

/** Data of a fact as it may leave: every text that auth sealed reads `(sealed)`. The fact itself stays as it is. */
export function concealSealed(data: unknown, depth = 0): unknown {
  if (typeof data !== 'object' || data === null) return data;
  if (depth >= MAX_DEPTH) return SEALED;
  if (Array.isArray(data)) return data.map((one) => concealSealed(one, depth + 1));
  const entries = Object.entries(data).map(([name, value]) => [
    name,
    IS_SEALED.test(name) ? SEALED : concealSealed(value, depth + 1),
  ]);
  return Object.fromEntries(entries);
}
