import { TOKEN } from '#libs/http1';

/** Names remembered with their meaning; further ones are worked out each time. */
export const MAX_REMEMBERED_NAMES = 1_024;
const MAX_REMEMBERED_CHARACTERS = 64;

/** `invalid` for what is no field name (RFC 9110, 5.1). */
export type FieldKind<Kind extends string> = Kind | 'forward' | 'invalid';

/**
 * Tells what is to be done with a field, by its name in any case. The same few names come in every message: they are
 * remembered as they are written, so that nothing is put in lower case twice.
 */
export function createFieldKinds<Kind extends string>(
  special: Readonly<Record<string, Kind>>,
): (name: string) => FieldKind<Kind> {
  const kinds = new Map<string, Kind>(Object.entries(special));
  const remembered = new Map<string, FieldKind<Kind>>();
  return (name) => {
    const known = remembered.get(name);
    if (known !== undefined) return known;
    const kind = kinds.get(name.toLowerCase()) ?? (TOKEN.test(name) ? 'forward' : 'invalid');
    if (remembered.size < MAX_REMEMBERED_NAMES && name.length <= MAX_REMEMBERED_CHARACTERS)
      remembered.set(ownCopy(name), kind);
    return kind;
  };
}

/** A part of a longer text keeps all of it in memory. */
function ownCopy(name: string): string {
  return Buffer.from(name, 'latin1').toString('latin1');
}
