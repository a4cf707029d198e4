import { chooseLanguage, type Language, parsePreferences } from '#libs/pages';
import type { Exchange } from '../pipeline/exchange.ts';

/** What a page's answer depends on. */
export const PAGE_VARIES = 'Accept, Accept-Language, Sec-Fetch-Mode';

const HTML: ReadonlySet<string> = new Set(['text/html', 'application/xhtml+xml', 'text/*']);
const FOR_PROGRAMS: ReadonlySet<string> = new Set(['application/problem+json', 'application/json', 'application/*']);

/** The language for the person behind a request, by its Accept-Language. */
export function languageOf(exchange: Exchange): Language {
  return chooseLanguage(fieldOf(exchange, 'accept-language'));
}

/** All values of a request field in one; empty when there is none. For answers of our own: it looks through all fields. */
export function fieldOf(exchange: Exchange, lowerName: string): string {
  const { fields } = exchange.req;
  let text = '';
  for (let i = 0; i + 1 < fields.length; i += 2) {
    if (fields[i]?.toLowerCase() !== lowerName) continue;
    text = text === '' ? (fields[i + 1] ?? '') : `${text}, ${fields[i + 1] ?? ''}`;
  }
  return text;
}

/**
 * Whether an Accept field asks for a page rather than a problem document: HTML is named, is not refused, and is liked as
 * much as JSON. The wildcard alone, as programs send it, asks for no page.
 */
export function prefersPage(accept: string): boolean {
  let html: number | undefined;
  let program = 0;
  for (const { value, weight } of parsePreferences(accept)) {
    if (value === 'text/html') html = weight;
    else if (HTML.has(value)) html ??= weight;
    else if (FOR_PROGRAMS.has(value)) program = Math.max(program, weight);
  }
  return html !== undefined && html > 0 && html >= program;
}

/** Whether an Accept field refuses HTML by name; a browser that navigates and sends no such wish gets its page. */
export function refusesPage(accept: string): boolean {
  const html = parsePreferences(accept).find(({ value }) => value === 'text/html');
  return html?.weight === 0;
}
