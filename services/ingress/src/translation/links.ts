/** A change of text: the characters from start up to end become text. Edits of one text are sorted and do not overlap. */
export type Edit = { readonly start: number; readonly end: number; readonly text: string };

/** A change of a URL: its first `length` characters become `text`; the rest stays byte by byte. */
export type UrlEdit = { readonly length: number; readonly text: string };

/** What translators know of the published apps. The only port between parsing text and mapping URLs. */
export type Links = {
  /** Undefined when the URL stays as it is. The URL has no white space in front; what it means may be anything. */
  edit(url: string): UrlEdit | undefined;
};

/** Links of one document, which may name a base other than the URL it came from. */
export type PageLinks = Links & {
  /** Takes the first `<base href>`; later ones do not count (HTML, 4.2.3). */
  setBase(href: string): void;
};

/** The edit of a URL that stands from start up to end in a text, white space around it included. */
export function editLink(links: Links, text: string, start: number, end: number): Edit | undefined {
  let at = start;
  while (at < end && text.charCodeAt(at) <= 0x20) at += 1;
  if (!canBeTranslated(text.charCodeAt(at)) || at >= end) return undefined;
  const edit = links.edit(text.slice(at, end));
  return edit && { start: at, end: at + edit.length, text: edit.text };
}

/** Only paths (`/`) and the schemes http and ws are ever translated: all else is known by its first character. */
export function canBeTranslated(code: number): boolean {
  return code === 0x2f || code === 0x68 || code === 0x48 || code === 0x77 || code === 0x57;
}

/** Whether a text begins like an absolute URL: what may be any text, such as a form value, counts as a link only then. */
export function isAbsoluteUrl(text: string): boolean {
  return /^\s*(?:https?|wss?):\/\//i.test(text);
}

export function applyEdits(source: string, edits: readonly Edit[]): string {
  let out = '';
  let from = 0;
  for (const { start, end, text } of edits) {
    out += source.slice(from, start) + text;
    from = end;
  }
  return out + source.slice(from);
}
