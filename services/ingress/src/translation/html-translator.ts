import { type Charset, charsetInText, charsetParameter } from './charset.ts';
import { CssTranslator, editStyle } from './css-translator.ts';
import { type DecodedText, decodeAttribute, encodeAttribute, sourceOffset } from './encoded-text.ts';
import { type LinkKind, linkKindOf, mayHoldLinks } from './html-attributes.ts';
import { type HtmlHandlers, HtmlTokenizer, type StartTag } from './html-tokenizer.ts';
import { editPolicy, editRefresh, editSrcset, editText, editUrls } from './link-values.ts';
import { canBeTranslated, type Edit, editLink, type PageLinks } from './links.ts';

/** Where browsers look for a meta element that names the charset (HTML, 13.2.3.2). */
const MAX_CHARSET_OFFSET = 1024;

export type HtmlOptions = {
  readonly links: PageLinks;
  readonly charset: Charset;
  /** False when only the text itself can name its charset. */
  readonly isCharsetKnown: boolean;
};

/**
 * Translates the links of an HTML document that comes in pieces. Scripts, comments, text and everything broken stay byte
 * by byte. Text is one character per byte (Latin-1).
 */
export class HtmlTranslator implements HtmlHandlers {
  readonly #links: PageLinks;
  readonly #tokenizer = new HtmlTokenizer(this);
  #charset: Charset;
  #isCharsetKnown: boolean;
  /** Undefined while no style element is open, or one of another language than CSS. */
  #css: CssTranslator | undefined;
  /** What the meta element of the moment stands for. */
  #metaMeaning: string | undefined;

  constructor(options: HtmlOptions) {
    this.#links = options.links;
    this.#charset = options.charset;
    this.#isCharsetKnown = options.isCharsetKnown;
  }

  write(text: string): string {
    return this.#tokenizer.write(text);
  }

  end(): string {
    return this.#tokenizer.end();
  }

  onStyleText(text: string): string {
    return this.#css ? this.#css.write(text) : text;
  }

  onStyleEnd(): string {
    const rest = this.#css?.end() ?? '';
    this.#css = undefined;
    return rest;
  }

  onStartTag(tag: StartTag): Edit[] | undefined {
    const { name } = tag;
    if (name === 'style') this.#beginStyle(tag);
    if (name === 'base') this.#readBase(tag);
    if (name === 'meta') {
      this.#metaMeaning = attributeOf(tag, 'http-equiv')?.trim().toLowerCase();
      if (!this.#isCharsetKnown) this.#readCharset(tag);
    }
    let edits: Edit[] | undefined;
    for (let i = 0; i < tag.count; i += 1) {
      const nameStart = tag.positions[i * 4] ?? 0;
      const nameEnd = tag.positions[i * 4 + 1] ?? 0;
      if ((tag.positions[i * 4 + 2] ?? -1) < 0 || !mayHoldLinks(tag.codeAt(nameStart), nameEnd - nameStart)) continue;
      const kind = linkKindOf(name, tag.attributeName(i));
      if (kind === undefined || (kind === 'url' && !mayBeLink(tag.codeAt(tag.positions[i * 4 + 2] ?? 0)))) continue;
      const found = this.#editAttribute(tag, i, kind);
      if (found === undefined) continue;
      if (edits) edits.push(...found);
      else edits = found;
    }
    return edits;
  }

  #editAttribute(tag: StartTag, index: number, kind: LinkKind): Edit[] | undefined {
    const valueStart = tag.positions[index * 4 + 2] ?? 0;
    const value = tag.attributeValue(index);
    const decoded = decodeAttribute(value);
    const { text } = decoded;
    switch (kind) {
      case 'url':
        return placed(editLink(this.#links, text, 0, text.length), decoded, valueStart);
      case 'text':
        return placed(editText(text, this.#links), decoded, valueStart);
      case 'urls':
        return allPlaced(editUrls(text, this.#links), decoded, valueStart);
      case 'srcset':
        return allPlaced(editSrcset(text, this.#links), decoded, valueStart);
      case 'style': {
        if (!text.includes('(')) return undefined;
        const edits = editStyle(text, { links: this.#links, isLeadByte: this.#charset.isLeadByte });
        return allPlaced(edits, decoded, valueStart);
      }
      default:
        return this.#editMeta(decoded, valueStart);
    }
  }

  #editMeta(decoded: DecodedText, valueStart: number): Edit[] | undefined {
    const { text } = decoded;
    const meaning = this.#metaMeaning;
    if (meaning === 'refresh') return placed(editRefresh(text, this.#links), decoded, valueStart);
    if (meaning === 'content-security-policy') return allPlaced(editPolicy(text, this.#links), decoded, valueStart);
    return placed(editText(text, this.#links), decoded, valueStart);
  }

  #beginStyle(tag: StartTag): void {
    const type = attributeOf(tag, 'type')?.trim().toLowerCase() ?? '';
    const isCss = type === '' || type === 'text/css';
    this.#css = isCss ? new CssTranslator({ links: this.#links, isLeadByte: this.#charset.isLeadByte }) : undefined;
  }

  #readBase(tag: StartTag): void {
    const href = attributeOf(tag, 'href');
    if (href !== undefined) this.#links.setBase(href.trim());
  }

  #readCharset(tag: StartTag): void {
    if (tag.offset > MAX_CHARSET_OFFSET) return;
    const isContentType = this.#metaMeaning === 'content-type';
    const label =
      attributeOf(tag, 'charset') ?? (isContentType ? charsetParameter(attributeOf(tag, 'content') ?? '') : undefined);
    if (label === undefined) return;
    this.#isCharsetKnown = true;
    this.#charset = charsetInText(label);
    if (!this.#charset.isReadable) this.#tokenizer.passRest();
  }
}

/** The first attribute of a name counts; undefined when there is none. */
function attributeOf(tag: StartTag, name: string): string | undefined {
  for (let i = 0; i < tag.count; i += 1) {
    const length = (tag.positions[i * 4 + 1] ?? 0) - (tag.positions[i * 4] ?? 0);
    if (length === name.length && tag.attributeName(i) === name) return decodeAttribute(tag.attributeValue(i)).text;
  }
  return undefined;
}

/** By the first sign of a value: most links are relative and are not even copied. White space and `&` may be anything. */
function mayBeLink(code: number): boolean {
  return code <= 0x20 || code === 0x26 || canBeTranslated(code);
}

function placed(edit: Edit | undefined, decoded: DecodedText, valueStart: number): Edit[] | undefined {
  return edit && [placeEdit(edit, decoded, valueStart)];
}

function allPlaced(edits: readonly Edit[], decoded: DecodedText, valueStart: number): Edit[] | undefined {
  return edits.length === 0 ? undefined : edits.map((edit) => placeEdit(edit, decoded, valueStart));
}

function placeEdit({ start, end, text }: Edit, decoded: DecodedText, valueStart: number): Edit {
  return {
    start: valueStart + sourceOffset(decoded, start),
    end: valueStart + sourceOffset(decoded, end),
    text: encodeAttribute(text),
  };
}
