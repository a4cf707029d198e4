/** The first form of a page: absolute action and the values of its named inputs. */
export type HtmlForm = { readonly action: string; readonly fields: Readonly<Record<string, string>> };

const FORM = /<form\b([^>]*)>([\s\S]*?)<\/form>/i;
const INPUT = /<input\b([^>]*)>/gi;
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', '#39': "'", '#x27': "'" };

/** Reads the first form of an HTML page, null when there is none or its action is no address. Good for our own plain pages, not for the web at large. */
export function readForm(html: string, pageUrl: string): HtmlForm | null {
  const form = FORM.exec(html);
  const action = attribute(form?.[1] ?? '', 'action') ?? '';
  const target = parseUrl(action, pageUrl);
  if (form === null || target === undefined) return null;
  const fields: Record<string, string> = {};
  for (const [, attributes = ''] of (form[2] ?? '').matchAll(INPUT)) {
    const name = attribute(attributes, 'name');
    if (name !== null) fields[name] = attribute(attributes, 'value') ?? '';
  }
  return { action: target.href, fields };
}

function attribute(text: string, name: string): string | null {
  const found = new RegExp(`(?:^|\\s)${name}\\s*=\\s*(?:"([^"]*)"|'([^']*)'|([^\\s>/]+))`, 'i').exec(text);
  const raw = found?.[1] ?? found?.[2] ?? found?.[3];
  return raw === undefined ? null : raw.replace(/&(#?\w+);/g, (entity, key: string) => ENTITIES[key] ?? entity);
}

import { parseUrl } from '#libs/urls';
