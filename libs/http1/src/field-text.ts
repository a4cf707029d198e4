/** Characters of one list. Past it the list is cut: fewer rights, never more. */
export const MAX_LIST_FIELD_CHARACTERS = 6 * 1024;

const PLAIN = /^[\x20-\x7e]*$/;
const ENCODED_MARK = "UTF-8''";
/** Readers know the charset in any case (RFC 8187, 3.2.1). */
const LOOKS_ENCODED = /^utf-8'/i;
const LIST_ITEM = /^[\x21-\x2b\x2d-\x7e]+$/;

/** As it is when printable ASCII; else as RFC 8187 writes it: `UTF-8''` and percent-encoded UTF-8. */
export function fieldText(value: string): string {
  if (PLAIN.test(value) && !LOOKS_ENCODED.test(value) && value.trim() === value) return value;
  return `${ENCODED_MARK}${encodeRfc8187(value)}`;
}

/** Separated by commas; an item with a comma, a space or other than ASCII as RFC 8187 writes it. At most `maxCharacters`. */
export function fieldListText(
  items: readonly string[],
  maxCharacters = MAX_LIST_FIELD_CHARACTERS,
): { readonly text: string; readonly isCut: boolean } {
  let text = '';
  for (const item of items) {
    const shown = LIST_ITEM.test(item) && !LOOKS_ENCODED.test(item) ? item : `${ENCODED_MARK}${encodeRfc8187(item)}`;
    if (text.length + shown.length + 1 > maxCharacters) return { text, isCut: true };
    text += text === '' ? shown : `,${shown}`;
  }
  return { text, isCut: false };
}

function encodeRfc8187(value: string): string {
  return encodeURIComponent(Buffer.from(value, 'utf8').toString('utf8')).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
