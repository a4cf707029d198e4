// past 300 lines because a tokenizer that can stop at any byte is one state machine
import { decodeCss, encodeCss, sourceOffset } from './encoded-text.ts';
import { type Edit, editLink, type Links } from './links.ts';

/** A URL longer than this passes untouched: `data:` URLs are, links are not. */
export const MAX_CSS_URL_LENGTH = 64 * 1024;
const MAX_NAME_LENGTH = 32;
/** Nesting of parentheses that is kept track of; deeper functions are not looked at. */
const MAX_DEPTH = 64;

const NORMAL = 0;
const SLASH = 1;
const COMMENT = 2;
const COMMENT_STAR = 3;
const NAME = 4;
const NAME_ESCAPE = 5;
const STRING = 6;
const STRING_ESCAPE = 7;
const STRING_ESCAPED_CR = 8;
const URL_START = 9;
const URL_TEXT = 10;
const URL_TEXT_ESCAPE = 11;
const URL_SPACE = 12;
const BAD_URL = 13;
const BAD_URL_ESCAPE = 14;

const TAB = 0x09;
const LF = 0x0a;
const FF = 0x0c;
const CR = 0x0d;
const SPACE = 0x20;
const DOUBLE_QUOTE = 0x22;
const HASH = 0x23;
const SINGLE_QUOTE = 0x27;
const OPEN = 0x28;
const CLOSE = 0x29;
const STAR = 0x2a;
const SOLIDUS = 0x2f;
const AT = 0x40;
const BACKSLASH = 0x5c;

/** Kinds of ASCII characters outside of strings and comments. */
const OTHER = 0;
const NAME_SIGN = 1;
const MARK = 2;
const KINDS = kindsOfCharacters();

/** Functions whose plain strings are URLs (CSS Images 4, CSS Values 5). */
const URL_FUNCTIONS: ReadonlySet<string> = new Set(['url', 'src', 'image', 'image-set', '-webkit-image-set']);

export type CssOptions = {
  readonly links: Links;
  /** Which bytes begin a character of two bytes, whose second one may look like a backslash. Default none. */
  readonly isLeadByte?: ((code: number) => boolean) | undefined;
  /** Hears every change, in offsets of all that was written. */
  readonly onEdit?: (edit: Edit) => void;
};

/**
 * Translates the links of a style sheet that comes in pieces: `url()`, `@import`, and strings in the functions that take
 * URLs. Comments, other strings and everything broken stay byte by byte. Holds nothing back but the URL it is inside of.
 * Text is one character per byte (Latin-1).
 */
export class CssTranslator {
  readonly #links: Links;
  readonly #isLeadByte: ((code: number) => boolean) | undefined;
  readonly #onEdit: ((edit: Edit) => void) | undefined;
  #state = NORMAL;
  /** Second byte of a character, to be stepped over in the next piece. */
  #isInsideCharacter = false;
  #quote = 0;
  #name = '';
  #isImport = false;
  /** Its URL is a name, which nobody follows. */
  #isNamespace = false;
  /** One entry per open parenthesis: whether strings directly inside are URLs. */
  readonly #functions: boolean[] = [];
  #tooDeep = 0;

  #text = '';
  /** Characters before the current piece. */
  #offset = 0;
  #out = '';
  /** Start in the current piece of what has not left yet. */
  #from = 0;
  /** The URL that is being read: where it starts in the current piece, and what earlier pieces had of it. */
  #isInUrl = false;
  #urlStart = 0;
  #held = '';

  constructor(options: CssOptions) {
    this.#links = options.links;
    this.#isLeadByte = options.isLeadByte;
    this.#onEdit = options.onEdit;
  }

  write(text: string): string {
    this.#text = text;
    this.#out = '';
    this.#from = 0;
    this.#urlStart = 0;
    let i = this.#isInsideCharacter && text.length > 0 ? 1 : 0;
    if (i === 1) this.#isInsideCharacter = false;
    while (i < text.length) i = this.#step(i);
    if (i > text.length) this.#isInsideCharacter = true;
    this.#leave();
    this.#offset += text.length;
    return this.#out;
  }

  /** The end closes what is open, as it does for browsers. */
  end(): string {
    this.#text = '';
    this.#out = '';
    this.#from = 0;
    this.#urlStart = 0;
    const isWhole = this.#state === STRING || this.#state === URL_TEXT || this.#state === URL_SPACE;
    if (this.#isInUrl) this.#endUrl(0, isWhole);
    this.#state = NORMAL;
    return this.#out;
  }

  #step(i: number): number {
    const code = this.#text.charCodeAt(i);
    switch (this.#state) {
      case NORMAL:
        return this.#readNormal(i);
      case SLASH:
        this.#state = code === STAR ? COMMENT : NORMAL;
        return code === STAR ? i + 1 : i;
      case COMMENT: {
        const star = this.#text.indexOf('*', i);
        if (star < 0) return this.#text.length;
        this.#state = COMMENT_STAR;
        return star + 1;
      }
      case COMMENT_STAR:
        if (code !== STAR) this.#state = code === SOLIDUS ? NORMAL : COMMENT;
        return i + 1;
      case NAME:
        return this.#readName(i);
      case NAME_ESCAPE:
        this.#addToName(i, i + 1);
        this.#state = NAME;
        return this.#after(i, code);
      case STRING:
        return this.#readString(i);
      case STRING_ESCAPE:
        this.#state = code === CR ? STRING_ESCAPED_CR : STRING;
        return this.#after(i, code);
      case STRING_ESCAPED_CR:
        this.#state = STRING;
        return code === LF ? i + 1 : i;
      default:
        return this.#stepUrl(i, code);
    }
  }

  #readNormal(start: number): number {
    const text = this.#text;
    let i = start;
    let kind = OTHER;
    let code = 0;
    for (; i < text.length; i += 1) {
      code = text.charCodeAt(i);
      kind = code < 0x80 ? (KINDS[code] ?? OTHER) : NAME_SIGN;
      if (kind !== OTHER) break;
    }
    if (i >= text.length) return i;
    if (kind !== MARK) {
      this.#state = NAME;
      this.#name = '';
      // Read on as part of the name, except for the signs that may only begin one.
      if (code !== HASH && code !== AT) return i;
      this.#addToName(i, i + 1);
      return i + 1;
    }
    return this.#readMark(i, code);
  }

  #readMark(i: number, code: number): number {
    switch (code) {
      case SOLIDUS:
        this.#state = SLASH;
        break;
      case DOUBLE_QUOTE:
      case SINGLE_QUOTE:
        this.#quote = code;
        this.#state = STRING;
        if (this.#isImport || (this.#tooDeep === 0 && this.#functions.at(-1) === true)) this.#beginUrl(i + 1);
        break;
      case OPEN:
        this.#open(false);
        break;
      case CLOSE:
        if (this.#tooDeep > 0) this.#tooDeep -= 1;
        else this.#functions.pop();
        break;
      default:
        // One of ; { } ends a statement.
        this.#isImport = false;
        this.#isNamespace = false;
    }
    return i + 1;
  }

  #readName(start: number): number {
    const text = this.#text;
    for (let i = start; i < text.length; i += 1) {
      const code = text.charCodeAt(i);
      if (code >= 0x80) {
        if (!this.#isLeadByte?.(code)) continue;
        i += 1;
        if (i < text.length) continue;
        this.#addToName(start, text.length);
        return i + 1;
      }
      if (code === BACKSLASH) {
        this.#addToName(start, i + 1);
        this.#state = NAME_ESCAPE;
        return i + 1;
      }
      if (KINDS[code] === NAME_SIGN && code !== HASH && code !== AT) continue;
      this.#addToName(start, i);
      return this.#endName(i, code);
    }
    this.#addToName(start, text.length);
    return text.length;
  }

  #addToName(start: number, end: number): void {
    if (this.#name.length <= MAX_NAME_LENGTH) this.#name += this.#text.slice(start, end);
  }

  #endName(i: number, code: number): number {
    this.#state = NORMAL;
    const isFunction = code === OPEN;
    const isAtRule = this.#name.charCodeAt(0) === AT;
    if (!isFunction && !isAtRule) {
      this.#isImport = false;
      return i;
    }
    const name = decodeCss(this.#name).text.toLowerCase();
    if (!isFunction) {
      this.#isImport = name === '@import';
      this.#isNamespace = name === '@namespace';
      return i;
    }
    if (name === 'url') {
      this.#state = URL_START;
      return i + 1;
    }
    this.#isImport = false;
    this.#open(URL_FUNCTIONS.has(name));
    return i + 1;
  }

  #open(holdsUrls: boolean): void {
    if (this.#functions.length < MAX_DEPTH) this.#functions.push(holdsUrls);
    else this.#tooDeep += 1;
  }

  #readString(start: number): number {
    const text = this.#text;
    for (let i = start; i < text.length; i += 1) {
      const code = text.charCodeAt(i);
      if (code === this.#quote) {
        this.#isImport = false;
        this.#state = NORMAL;
        if (this.#isInUrl) this.#endUrl(i, true);
        return i + 1;
      }
      if (code === BACKSLASH) {
        this.#state = STRING_ESCAPE;
        return i + 1;
      }
      if (code === LF || code === CR || code === FF) {
        this.#isImport = false;
        this.#state = NORMAL;
        if (this.#isInUrl) this.#endUrl(i, false);
        return i;
      }
      if (code >= 0x80 && this.#isLeadByte?.(code)) {
        i += 1;
        if (i >= text.length) return i + 1;
      }
    }
    return text.length;
  }

  #stepUrl(i: number, code: number): number {
    switch (this.#state) {
      case URL_START:
        if (isSpace(code)) return i + 1;
        if (code === DOUBLE_QUOTE || code === SINGLE_QUOTE) {
          this.#open(true);
          this.#isImport = false;
          this.#state = NORMAL;
          return i;
        }
        this.#beginUrl(i);
        this.#state = URL_TEXT;
        return i;
      case URL_TEXT:
        return this.#readUrlText(i);
      case URL_TEXT_ESCAPE:
        this.#state = URL_TEXT;
        return this.#after(i, code);
      case URL_SPACE:
        if (isSpace(code)) return i + 1;
        if (code === CLOSE) return this.#closeUrl(i);
        this.#endUrl(i, false);
        this.#state = BAD_URL;
        return i;
      case BAD_URL:
        this.#state = code === CLOSE ? NORMAL : code === BACKSLASH ? BAD_URL_ESCAPE : BAD_URL;
        return this.#after(i, code);
      default:
        this.#state = BAD_URL;
        return this.#after(i, code);
    }
  }

  #readUrlText(start: number): number {
    const text = this.#text;
    for (let i = start; i < text.length; i += 1) {
      const code = text.charCodeAt(i);
      if (code === CLOSE) return this.#closeUrl(i);
      if (code === BACKSLASH) {
        this.#state = URL_TEXT_ESCAPE;
        return i + 1;
      }
      if (isSpace(code)) {
        this.#state = URL_SPACE;
        return i + 1;
      }
      if (code === DOUBLE_QUOTE || code === SINGLE_QUOTE || code === OPEN || code < SPACE || code === 0x7f) {
        this.#endUrl(i, false);
        this.#state = BAD_URL;
        return i;
      }
      if (code >= 0x80 && this.#isLeadByte?.(code)) {
        i += 1;
        if (i >= text.length) return i + 1;
      }
    }
    return text.length;
  }

  #closeUrl(i: number): number {
    this.#endUrl(i, true);
    this.#isImport = false;
    this.#state = NORMAL;
    return i + 1;
  }

  #beginUrl(i: number): void {
    if (this.#isNamespace) return;
    this.#isInUrl = true;
    this.#urlStart = i;
    this.#held = '';
  }

  /** The URL ends before i, which is in the current piece. */
  #endUrl(i: number, isWhole: boolean): void {
    if (!this.#isInUrl) return;
    this.#isInUrl = false;
    const source = this.#held + this.#text.slice(this.#urlStart, i);
    const before = this.#held.length;
    this.#held = '';
    const edit = isWhole && source.length <= MAX_CSS_URL_LENGTH ? this.#edit(source) : undefined;
    if (before === 0 && !edit) return;
    this.#out += this.#text.slice(this.#from, this.#urlStart);
    this.#from = i;
    if (!edit) {
      this.#out += source;
      return;
    }
    this.#out += source.slice(0, edit.start) + edit.text + source.slice(edit.end);
    const at = this.#offset + this.#urlStart - before;
    this.#onEdit?.({ start: at + edit.start, end: at + edit.end, text: edit.text });
  }

  #edit(source: string): Edit | undefined {
    const decoded = decodeCss(source);
    const edit = editLink(this.#links, decoded.text, 0, decoded.text.length);
    if (!edit) return undefined;
    const { start, end, text } = edit;
    return { start: sourceOffset(decoded, start), end: sourceOffset(decoded, end), text: encodeCss(text) };
  }

  /** At the end of a piece: all of it leaves, except for a URL that has not ended. */
  #leave(): void {
    if (!this.#isInUrl) {
      this.#out += this.#text.slice(this.#from);
      return;
    }
    this.#out += this.#text.slice(this.#from, this.#urlStart);
    this.#held += this.#text.slice(this.#urlStart);
    if (this.#held.length <= MAX_CSS_URL_LENGTH) return;
    this.#out += this.#held;
    this.#held = '';
    this.#isInUrl = false;
  }

  #after(i: number, code: number): number {
    return code >= 0x80 && this.#isLeadByte?.(code) ? i + 2 : i + 1;
  }
}

/** The changes of a style attribute, whose value is whole. */
export function editStyle(value: string, options: Pick<CssOptions, 'links' | 'isLeadByte'>): Edit[] {
  const edits: Edit[] = [];
  const translator = new CssTranslator({ ...options, onEdit: (edit) => edits.push(edit) });
  translator.write(value);
  translator.end();
  return edits;
}

function isSpace(code: number): boolean {
  return code === SPACE || code === TAB || code === LF || code === CR || code === FF;
}

function kindsOfCharacters(): Uint8Array {
  const kinds = new Uint8Array(128);
  const set = (characters: string, kind: number) => {
    for (const character of characters) kinds[character.charCodeAt(0)] = kind;
  };
  // A number with its unit counts as a name: in `1url(` there is no url().
  set('abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-\\#@0123456789', NAME_SIGN);
  set('/"\'();{}', MARK);
  return kinds;
}
