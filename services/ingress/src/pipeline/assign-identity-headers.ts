import { groupsOf, type Principal } from '#libs/contracts';
import { fieldListText, fieldText } from '#libs/http1';
import type { FieldList } from '#libs/tunnel-protocol';

const TRUNCATED = 'X-Sallyport-Truncated';

/**
 * Plain identity headers beside the signed assertion that proves them, and `originFields`, which auth made for single sign-on. What is
 * not whole is named in X-Sallyport-Truncated: unknown groups are a list cut before its first item.
 */
export function identityFields(principal: Principal, assertion: string, originFields: FieldList = []): FieldList {
  const truncated: string[] = [];
  const fields = [
    'X-Sallyport-Assertion',
    assertion,
    'X-Sallyport-User',
    fieldText(principal.username),
    'X-Sallyport-User-Id',
    fieldText(principal.subject),
    'X-Sallyport-Name',
    fieldText(principal.name),
  ];
  if (principal.email !== null) fields.push('X-Sallyport-Email', fieldText(principal.email));
  const groups = groupsOf(principal);
  if (groups === null) truncated.push('groups');
  fields.push('X-Sallyport-Groups', listText('groups', groups ?? [], truncated));
  fields.push('X-Sallyport-Roles', listText('roles', principal.roles, truncated));
  for (let i = 0; i + 1 < originFields.length; i += 2) {
    const name = originFields[i] ?? '';
    const value = originFields[i + 1] ?? '';
    if (name === TRUNCATED) truncated.push(value);
    else fields.push(name, value);
  }
  if (truncated.length > 0) fields.push(TRUNCATED, truncated.join(','));
  return fields;
}

function listText(name: string, items: readonly string[], truncated: string[]): string {
  const { text, isCut } = fieldListText(items);
  if (isCut) truncated.push(name);
  return text;
}
