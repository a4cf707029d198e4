import { type Edit, editLink, isAbsoluteUrl, type Links } from './links.ts';

const SPACES = /[\t\n\f\r ]/;
const REFRESH_START = /^[\t\n\f\r ]*[0-9.]+(?:[\t\n\f\r ]*[;,][\t\n\f\r ]*|[\t\n\f\r ]+)/;
const REFRESH_NAME = /^url[\t\n\f\r ]*=[\t\n\f\r ]*/i;
/** Candidates of one srcset that are looked at. */
const MAX_CANDIDATES = 1_000;

/** URLs separated by white space. */
export function editUrls(value: string, links: Links): Edit[] {
  const edits: Edit[] = [];
  for (const match of value.matchAll(/[^\t\n\f\r ]+/g)) {
    const edit = editLink(links, value, match.index, match.index + match[0].length);
    if (edit) edits.push(edit);
  }
  return edits;
}

/** Image candidates as HTML reads them (4.8.4.2.2): a comma ends a URL only where nothing but white space follows. */
export function editSrcset(value: string, links: Links): Edit[] {
  const edits: Edit[] = [];
  let i = 0;
  for (let candidates = 0; candidates < MAX_CANDIDATES; candidates += 1) {
    while (i < value.length && (value[i] === ',' || SPACES.test(value[i] ?? ''))) i += 1;
    if (i >= value.length) break;
    const start = i;
    while (i < value.length && !SPACES.test(value[i] ?? '')) i += 1;
    let end = i;
    while (end > start && value[end - 1] === ',') end -= 1;
    const edit = editLink(links, value, start, end);
    if (edit) edits.push(edit);
    if (end === i) i = afterDescriptors(value, i);
  }
  return edits;
}

function afterDescriptors(value: string, start: number): number {
  let isInParentheses = false;
  for (let i = start; i < value.length; i += 1) {
    const sign = value[i];
    if (sign === '(') isInParentheses = true;
    else if (sign === ')') isInParentheses = false;
    else if (sign === ',' && !isInParentheses) return i + 1;
  }
  return value.length;
}

/** `5; url=/next` of a header or a meta element, in every spelling browsers follow (HTML, 4.2.5.3). */
export function editRefresh(value: string, links: Links): Edit | undefined {
  const before = REFRESH_START.exec(value)?.[0];
  if (before === undefined) return undefined;
  let start = before.length;
  start += REFRESH_NAME.exec(value.slice(start))?.[0].length ?? 0;
  let end = value.length;
  const quote = value[start];
  if (quote === '"' || quote === "'") {
    start += 1;
    const closing = value.indexOf(quote, start);
    if (closing >= 0) end = closing;
  }
  return editLink(links, value, start, end);
}

/** A text that is a link only when it is an absolute URL, such as the value of a form field or `og:url`. */
export function editText(value: string, links: Links): Edit | undefined {
  return isAbsoluteUrl(value) ? editLink(links, value, 0, value.length) : undefined;
}

/**
 * The sources of a content security policy: hosts are replaced where they are written with their scheme. What the page
 * may load and who may frame it then holds for the places its links lead to.
 */
export function editPolicy(value: string, links: Links): Edit[] {
  const edits: Edit[] = [];
  for (const match of value.matchAll(/[^\t\n\f\r ;,]+/g)) {
    if (!isAbsoluteUrl(match[0])) continue;
    const edit = editLink(links, value, match.index, match.index + match[0].length);
    if (edit) edits.push(edit);
  }
  return edits;
}
