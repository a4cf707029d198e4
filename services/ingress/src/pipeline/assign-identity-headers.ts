import { groupsOf, type Principal } from '#libs/contracts';
import type { FieldList } from '#libs/tunnel-protocol';

/** Characters of one list header. Past it the list is cut (fewer rights, never more) and X-Sallyport-Truncated names it. */
const MAX_LIST_LENGTH = 6 * 1024;
const PLAIN = /^[\x20-\x7e]*$/;
const ENCODED_MARK = "UTF-8''";
const LIST_ITEM = /^[\x21-\x2b\x2d-\x7e]+$/;

/** Plain identity headers beside the signed assertion that proves them. Unknown groups are a list cut before its first item. */
export function identityFields(principal: Principal, assertion: string): FieldList {
  const truncated: string[] = [];
  const fields = [
    'X-Sallyport-Assertion',
    assertion,
    'X-Sallyport-User',
    headerText(principal.username),
    'X-Sallyport-User-Id',
    headerText(principal.subject),
    'X-Sallyport-Name',
    headerText(principal.name),
  ];
  if (principal.email !== null) fields.push('X-Sallyport-Email', headerText(principal.email));
  const groups = groupsOf(principal);
  if (groups === null) truncated.push('groups');
  fields.push('X-Sallyport-Groups', listText('groups', groups ?? [], truncated));
  fields.push('X-Sallyport-Roles', listText('roles', principal.roles, truncated));
  if (truncated.length > 0) fields.push('X-Sallyport-Truncated', truncated.join(','));
  return fields;
}

/** As it is when printable ASCII; else as RFC 8187 writes it: `UTF-8''` and percent-encoded UTF-8. */
export function headerText(value: string): string {
  if (PLAIN.test(value) && !value.startsWith(ENCODED_MARK) && value.trim() === value) return value;
  return `${ENCODED_MARK}${encodeRfc8187(value)}`;
}

function encodeRfc8187(value: string): string {
  return encodeURIComponent(Buffer.from(value, 'utf8').toString('utf8')).replace(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function listText(name: string, items: readonly string[], truncated: string[]): string {
  let text = '';
  for (const item of items) {
    const shown =
      LIST_ITEM.test(item) && !item.startsWith(ENCODED_MARK) ? item : `${ENCODED_MARK}${encodeRfc8187(item)}`;
    if (text.length + shown.length + 1 > MAX_LIST_LENGTH) {
      truncated.push(name);
      break;
    }
    text += text === '' ? shown : `,${shown}`;
  }
  return text;
}
