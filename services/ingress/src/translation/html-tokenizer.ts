// past 300 lines because a tokenizer that can stop at any byte is one state machine, as the standard writes it
import { applyEdits, type Edit } from './links.ts';

/** A start tag longer than this passes untouched. */
export const MAX_TAG_LENGTH = 64 * 1024;
const MAX_NAME_LENGTH = 32;
/** Nesting of SVG and MathML that is kept track of. */
const MAX_FOREIGN_DEPTH = 32;

const TEXT = 0;
const TAG_OPEN = 1;
const END_TAG_OPEN = 2;
const TAG_NAME = 3;
const BEFORE_ATTRIBUTE = 4;
const ATTRIBUTE_NAME = 5;
const AFTER_ATTRIBUTE_NAME = 6;
const BEFORE_VALUE = 7;
const QUOTED_VALUE = 8;
const PLAIN_VALUE = 9;
const AFTER_QUOTED_VALUE = 10;
const SELF_CLOSING = 11;
const DECLARATION = 12;
const DECLARATION_DASH = 13;
const DECLARATION_CDATA = 14;
const BOGUS_COMMENT = 15;
const COMMENT_START = 16;
const COMMENT_START_DASH = 17;
const COMMENT = 18;
const COMMENT_DASH = 19;
const COMMENT_END = 20;
const COMMENT_BANG = 21;
const CDATA = 22;
const CDATA_BRACKET = 23;
const CDATA_BRACKETS = 24;
const RAW = 25;
const RAW_LESS_THAN = 26;
const RAW_END_OPEN = 27;
const RAW_END_NAME = 28;
const SCRIPT = 29;
const SCRIPT_LESS_THAN = 30;
const SCRIPT_BANG = 31;
const SCRIPT_BANG_DASH = 32;
const ESCAPED = 33;
const ESCAPED_LESS_THAN = 34;
const ESCAPED_NAME = 35;
const DOUBLE_ESCAPED = 36;
const DOUBLE_ESCAPED_LESS_THAN = 37;
const DOUBLE_ESCAPED_NAME = 38;
const REST = 39;

const TAB = 0x09;
const LF = 0x0a;
const FF = 0x0c;
const CR = 0x0d;
const SPACE = 0x20;
const BANG = 0x21;
const DOUBLE_QUOTE = 0x22;
const SINGLE_QUOTE = 0x27;
const DASH = 0x2d;
const SOLIDUS = 0x2f;
const LESS_THAN = 0x3c;
const EQUALS = 0x3d;
const GREATER_THAN = 0x3e;
const QUESTION = 0x3f;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;

const CDATA_NAME = 'CDATA[';

/** Elements whose content is text up to their end tag. `noscript` is read as a page without scripts shows it. */
const RAW_ELEMENTS: ReadonlySet<string> = new Set([
  'style',
  'textarea',
  'title',
  'xmp',
  'iframe',
  'noembed',
  'noframes',
]);
/** Elements inside SVG and MathML whose content is HTML again. */
const INTEGRATION_POINTS: ReadonlySet<string> = new Set(['foreignobject', 'desc', 'title', 'annotation-xml']);
/** HTML elements that end SVG and MathML wherever they stand (HTML, 13.2.6.5). */
const BREAKOUTS: ReadonlySet<string> = new Set(
  (
    'b big blockquote body br center code dd div dl dt em embed h1 h2 h3 h4 h5 h6 head hr i img li listing menu meta nobr ' +
    'ol p pre ruby s small span strong strike sub sup table tt u ul var'
  ).split(' '),
);

/** A start tag. Positions are relative to its `<`. Valid only during the call it is given to. */
export class StartTag {
  /** Lower case; empty when longer than 32 characters, as no element is. */
  name = '';
  isSelfClosing = false;
  /** Characters in front of the tag in the whole document. */
  offset = 0;
  /** Number of attributes. */
  count = 0;
  /** Four per attribute: start and end of name and value. -1 as start of the value: it has none. */
  readonly positions: number[] = [];
  #text = '';
  #at = 0;

  /** Where the source of the tag stands. */
  place(text: string, at: number): void {
    this.#text = text;
    this.#at = at;
  }

  slice(start: number, end: number): string {
    return this.#text.slice(this.#at + start, this.#at + end);
  }

  codeAt(position: number): number {
    return this.#text.charCodeAt(this.#at + position);
  }

  attributeName(index: number): string {
    return this.slice(this.positions[index * 4] ?? 0, this.positions[index * 4 + 1] ?? 0).toLowerCase();
  }

  /** The value as it is written, without quotes. */
  attributeValue(index: number): string {
    const start = this.positions[index * 4 + 2] ?? -1;
    return start < 0 ? '' : this.slice(start, this.positions[index * 4 + 3] ?? start);
  }
}

export type HtmlHandlers = {
  /** Gives the changes of the tag, relative to its start. */
  onStartTag(tag: StartTag): readonly Edit[] | undefined;
  /** The text of a style element, in pieces, as it shall leave. */
  onStyleText(text: string): string;
  /** The text of the style element has ended: gives what is still to leave of it. */
  onStyleEnd(): string;
};

/**
 * The tokenizer of HTML (HTML, 13.2.5) as far as tags can be told from all else: comments, declarations, CDATA, raw text,
 * scripts with their escaped parts. Takes a document in pieces of any size and gives it back byte by byte, except for what
 * the handlers change. Holds back only a tag that has not ended. Text is one character per byte (Latin-1).
 */
export class HtmlTokenizer {
  readonly #handlers: HtmlHandlers;
  readonly #tag = new StartTag();
  #state = TEXT;
  #quote = 0;
  #isEndTag = false;
  /** Name of the raw element the text is in, for example `style`. */
  #rawName = '';
  /** State to go back to when a `</` in raw text does not end it. */
  #rawState = RAW;
  #isStyle = false;
  #matched = 0;
  #dashes = 0;
  #escapedName = '';
  /** Open SVG, MathML (true) and HTML inside of them (false). */
  readonly #foreign: boolean[] = [];

  #text = '';
  #offset = 0;
  #out = '';
  /** Start in the current piece of what has not left yet. */
  #from = 0;
  /** Markup that is being read: where its `<` is in the current piece, and what earlier pieces had of it. */
  #isInMarkup = false;
  #markupStart = 0;
  #held = '';
  #isTooLong = false;

  /** `rawElement`: begin inside of this element, for example `textarea` or `script`. */
  constructor(handlers: HtmlHandlers, rawElement?: string) {
    this.#handlers = handlers;
    if (rawElement === undefined) return;
    this.#enterRaw(rawElement);
    this.#isStyle = rawElement === 'style';
  }

  write(text: string): string {
    this.#text = text;
    this.#out = '';
    this.#from = 0;
    this.#markupStart = 0;
    let i = 0;
    while (i < text.length) i = this.#step(i);
    this.#leave();
    this.#offset += text.length;
    return this.#out;
  }

  /** What is left of a document that ends within a tag or a style element. */
  end(): string {
    const held = this.#isInMarkup ? this.#held : '';
    this.#held = '';
    this.#isInMarkup = false;
    if (!this.#isStyle) return held;
    const out = held === '' ? '' : this.#handlers.onStyleText(held);
    this.#isStyle = false;
    return out + this.#handlers.onStyleEnd();
  }

  /** Everything from here on passes. Called by a handler that learns that this cannot be read. */
  passRest(): void {
    this.#state = REST;
  }

  #step(i: number): number {
    if (this.#state >= DECLARATION) return this.#stepOutsideTags(i);
    const code = this.#text.charCodeAt(i);
    switch (this.#state) {
      case TEXT: {
        const start = this.#text.indexOf('<', i);
        if (start < 0) return this.#text.length;
        this.#beginMarkup(start);
        this.#state = TAG_OPEN;
        return start + 1;
      }
      case TAG_OPEN:
        return this.#openTag(i, code);
      case END_TAG_OPEN:
        if (isLetter(code)) this.#state = TAG_NAME;
        else this.#release(code === GREATER_THAN ? TEXT : BOGUS_COMMENT);
        return code === GREATER_THAN ? i + 1 : i;
      case TAG_NAME:
        return this.#readTagName(i);
      case BEFORE_ATTRIBUTE:
        if (isSpace(code)) return i + 1;
        if (code === SOLIDUS || code === GREATER_THAN) this.#state = AFTER_ATTRIBUTE_NAME;
        else return this.#beginAttribute(i);
        return i;
      case ATTRIBUTE_NAME:
        return this.#readAttributeName(i);
      case AFTER_ATTRIBUTE_NAME:
        if (isSpace(code)) return i + 1;
        if (code === EQUALS) this.#state = BEFORE_VALUE;
        else if (code === SOLIDUS) this.#state = SELF_CLOSING;
        else if (code === GREATER_THAN) return this.#endTag(i + 1);
        else return this.#beginAttribute(i);
        return i + 1;
      default:
        return this.#stepValue(i, code);
    }
  }

  #openTag(i: number, code: number): number {
    if (isLetter(code)) {
      this.#isEndTag = false;
      this.#state = TAG_NAME;
      return i;
    }
    if (code === SOLIDUS) {
      this.#isEndTag = true;
      this.#state = END_TAG_OPEN;
      return i + 1;
    }
    if (code === BANG) {
      this.#release(DECLARATION);
      return i + 1;
    }
    this.#release(code === QUESTION ? BOGUS_COMMENT : TEXT);
    return i;
  }

  #readTagName(start: number): number {
    const text = this.#text;
    for (let i = start; i < text.length; i += 1) {
      const code = text.charCodeAt(i);
      const isEnd = code === GREATER_THAN;
      if (!isEnd && code !== SOLIDUS && !isSpace(code)) continue;
      this.#beginAttributes(i);
      if (isEnd) return this.#endTag(i + 1);
      this.#state = code === SOLIDUS ? SELF_CLOSING : BEFORE_ATTRIBUTE;
      return i + 1;
    }
    return text.length;
  }

  /** The name ends before i. */
  #beginAttributes(i: number): void {
    const tag = this.#tag;
    tag.count = 0;
    tag.isSelfClosing = false;
    tag.name = '';
    // The names of end tags matter only inside of SVG and MathML.
    if (this.#isEndTag && this.#foreign.length === 0) return;
    const start = this.#isEndTag ? 2 : 1;
    const length = this.#position(i) - start;
    if (this.#isTooLong || length > MAX_NAME_LENGTH) return;
    const from = this.#markupStart + start - this.#held.length;
    const name = from >= 0 ? this.#text.slice(from, i) : (this.#held + this.#text.slice(0, i)).slice(start);
    tag.name = name.toLowerCase();
  }

  #beginAttribute(i: number): number {
    const { positions, count } = this.#tag;
    const at = count * 4;
    positions[at] = this.#position(i);
    positions[at + 1] = positions[at] ?? 0;
    positions[at + 2] = -1;
    positions[at + 3] = -1;
    if (!this.#isEndTag && !this.#isTooLong) this.#tag.count = count + 1;
    this.#state = ATTRIBUTE_NAME;
    // A first `=` belongs to the name.
    return i + 1;
  }

  #readAttributeName(start: number): number {
    const text = this.#text;
    for (let i = start; i < text.length; i += 1) {
      const code = text.charCodeAt(i);
      const isEqual = code === EQUALS;
      if (!isEqual && code !== GREATER_THAN && code !== SOLIDUS && !isSpace(code)) continue;
      this.#setPosition(1, i);
      this.#state = isEqual ? BEFORE_VALUE : AFTER_ATTRIBUTE_NAME;
      return isEqual ? i + 1 : i;
    }
    return text.length;
  }

  #stepValue(i: number, code: number): number {
    switch (this.#state) {
      case BEFORE_VALUE:
        if (isSpace(code)) return i + 1;
        if (code === GREATER_THAN) return this.#endTag(i + 1);
        if (code === DOUBLE_QUOTE || code === SINGLE_QUOTE) {
          this.#quote = code;
          this.#state = QUOTED_VALUE;
          this.#setPosition(2, i + 1);
          return i + 1;
        }
        this.#state = PLAIN_VALUE;
        this.#setPosition(2, i);
        return i;
      case QUOTED_VALUE: {
        const end = this.#text.indexOf(this.#quote === DOUBLE_QUOTE ? '"' : "'", i);
        if (end < 0) return this.#text.length;
        this.#setPosition(3, end);
        this.#state = AFTER_QUOTED_VALUE;
        return end + 1;
      }
      case PLAIN_VALUE:
        return this.#readPlainValue(i);
      case AFTER_QUOTED_VALUE:
        this.#state = code === SOLIDUS ? SELF_CLOSING : BEFORE_ATTRIBUTE;
        if (code === GREATER_THAN) return this.#endTag(i + 1);
        return code === SOLIDUS || isSpace(code) ? i + 1 : i;
      default:
        if (code === GREATER_THAN) {
          this.#tag.isSelfClosing = true;
          return this.#endTag(i + 1);
        }
        this.#state = BEFORE_ATTRIBUTE;
        return i;
    }
  }

  #readPlainValue(start: number): number {
    const text = this.#text;
    for (let i = start; i < text.length; i += 1) {
      const code = text.charCodeAt(i);
      if (code !== GREATER_THAN && !isSpace(code)) continue;
      this.#setPosition(3, i);
      if (code === GREATER_THAN) return this.#endTag(i + 1);
      this.#state = BEFORE_ATTRIBUTE;
      return i + 1;
    }
    return text.length;
  }

  #setPosition(which: number, i: number): void {
    if (!this.#isEndTag && !this.#isTooLong) this.#tag.positions[(this.#tag.count - 1) * 4 + which] = this.#position(i);
  }

  /** Of a character of the current piece, relative to the start of the markup. */
  #position(i: number): number {
    return this.#held.length + i - this.#markupStart;
  }

  /** The tag ends before i. */
  #endTag(i: number): number {
    this.#state = TEXT;
    if (this.#isEndTag) {
      if (this.#foreign.length > 0) this.#leaveForeign(this.#tag.name);
    } else {
      // Before the handler, which may end the reading.
      this.#enter(this.#tag.name, this.#tag.isSelfClosing);
      if (!this.#isTooLong && this.#position(i) <= MAX_TAG_LENGTH) this.#handOver(i);
    }
    // A tag that is whole leaves with the text around it.
    this.#release(this.#state);
    if (this.#state === RAW && this.#rawName === 'style') this.#beginStyle(i);
    return i;
  }

  #beginStyle(i: number): void {
    this.#out += this.#text.slice(this.#from, i);
    this.#from = i;
    this.#isStyle = true;
  }

  #handOver(i: number): void {
    const tag = this.#tag;
    const held = this.#held;
    const start = this.#markupStart;
    tag.offset = this.#offset + start - held.length;
    if (held === '') tag.place(this.#text, start);
    else tag.place(held + this.#text.slice(0, i), 0);
    const edits = this.#handlers.onStartTag(tag);
    if (!edits || edits.length === 0) return;
    this.#out += this.#text.slice(this.#from, start) + applyEdits(tag.slice(0, held.length + i - start), edits);
    this.#held = '';
    this.#from = i;
  }

  #enter(name: string, isSelfClosing: boolean): void {
    const isRoot = name === 'svg' || name === 'math';
    if (this.#foreign.at(-1) === true) {
      if (BREAKOUTS.has(name)) this.#breakOut();
      else {
        if (!isSelfClosing && isRoot) this.#nest(true);
        if (!isSelfClosing && INTEGRATION_POINTS.has(name)) this.#nest(false);
        return;
      }
    }
    if (isRoot) {
      if (!isSelfClosing) this.#nest(true);
    } else if (name === 'script' || name === 'plaintext' || RAW_ELEMENTS.has(name)) this.#enterRaw(name);
  }

  #enterRaw(name: string): void {
    this.#rawName = name;
    this.#state = name === 'script' ? SCRIPT : name === 'plaintext' ? REST : RAW;
  }

  #nest(isForeign: boolean): void {
    if (this.#foreign.length < MAX_FOREIGN_DEPTH) this.#foreign.push(isForeign);
  }

  #breakOut(): void {
    while (this.#foreign.at(-1) === true) this.#foreign.pop();
  }

  #leaveForeign(name: string): void {
    const isRoot = name === 'svg' || name === 'math';
    if (!isRoot && !INTEGRATION_POINTS.has(name)) return;
    const at = this.#foreign.lastIndexOf(isRoot);
    if (at >= 0) this.#foreign.length = at;
  }

  #beginMarkup(i: number): void {
    this.#isInMarkup = true;
    this.#isTooLong = false;
    this.#markupStart = i;
    this.#held = '';
  }

  /** What was read since the last `<` is no tag, or a tag that has ended: it goes the way of the text around it. */
  #release(state: number): void {
    this.#state = state;
    this.#isInMarkup = false;
    if (this.#held === '') return;
    this.#out += this.#isStyle ? this.#handlers.onStyleText(this.#held) : this.#held;
    this.#held = '';
  }

  /** At the end of a piece: all of it leaves, except for a tag that has not ended. */
  #leave(): void {
    const end = this.#isInMarkup && !this.#isTooLong ? this.#markupStart : this.#text.length;
    const passing = this.#text.slice(this.#from, Math.max(end, this.#from));
    if (passing !== '') this.#out += this.#isStyle ? this.#handlers.onStyleText(passing) : passing;
    if (!this.#isInMarkup || this.#isTooLong) return;
    this.#held += this.#text.slice(end);
    if (this.#held.length <= MAX_TAG_LENGTH) return;
    this.#out += this.#held;
    this.#held = '';
    this.#isTooLong = true;
    this.#tag.count = 0;
  }

  #stepOutsideTags(i: number): number {
    if (this.#state >= RAW) return this.#stepRaw(i);
    const code = this.#text.charCodeAt(i);
    switch (this.#state) {
      case DECLARATION:
        this.#matched = 0;
        if (code === DASH) this.#state = DECLARATION_DASH;
        else if (code === OPEN_BRACKET && this.#foreign.at(-1) === true) this.#state = DECLARATION_CDATA;
        else return this.#reconsume(BOGUS_COMMENT, i);
        return i + 1;
      case DECLARATION_DASH:
        if (code !== DASH) return this.#reconsume(BOGUS_COMMENT, i);
        this.#state = COMMENT_START;
        return i + 1;
      case DECLARATION_CDATA:
        if (code !== CDATA_NAME.charCodeAt(this.#matched)) return this.#reconsume(BOGUS_COMMENT, i);
        this.#matched += 1;
        if (this.#matched === CDATA_NAME.length) this.#state = CDATA;
        return i + 1;
      case BOGUS_COMMENT:
        return this.#skipTo('>', TEXT, i);
      case CDATA:
        return this.#skipTo(']', CDATA_BRACKET, i);
      case CDATA_BRACKET:
        this.#state = code === CLOSE_BRACKET ? CDATA_BRACKETS : CDATA;
        return i + 1;
      case CDATA_BRACKETS:
        if (code !== CLOSE_BRACKET) this.#state = code === GREATER_THAN ? TEXT : CDATA;
        return i + 1;
      default:
        return this.#stepComment(i, code);
    }
  }

  #stepComment(i: number, code: number): number {
    switch (this.#state) {
      case COMMENT_START:
        if (code === DASH) this.#state = COMMENT_START_DASH;
        else if (code === GREATER_THAN) this.#state = TEXT;
        else return this.#reconsume(COMMENT, i);
        return i + 1;
      case COMMENT_START_DASH:
        if (code === DASH) this.#state = COMMENT_END;
        else if (code === GREATER_THAN) this.#state = TEXT;
        else return this.#reconsume(COMMENT, i);
        return i + 1;
      case COMMENT:
        return this.#skipTo('-', COMMENT_DASH, i);
      case COMMENT_DASH:
        if (code !== DASH) return this.#reconsume(COMMENT, i);
        this.#state = COMMENT_END;
        return i + 1;
      case COMMENT_END:
        if (code === DASH) return i + 1;
        if (code === GREATER_THAN) this.#state = TEXT;
        else if (code === BANG) this.#state = COMMENT_BANG;
        else return this.#reconsume(COMMENT, i);
        return i + 1;
      default:
        if (code === DASH) this.#state = COMMENT_DASH;
        else if (code === GREATER_THAN) this.#state = TEXT;
        else return this.#reconsume(COMMENT, i);
        return i + 1;
    }
  }

  #reconsume(state: number, i: number): number {
    this.#state = state;
    return i;
  }

  #skipTo(sign: string, next: number, i: number): number {
    const at = this.#text.indexOf(sign, i);
    if (at < 0) return this.#text.length;
    this.#state = next;
    return at + 1;
  }

  #stepRaw(i: number): number {
    if (this.#state >= SCRIPT) return this.#stepScript(i);
    const code = this.#text.charCodeAt(i);
    switch (this.#state) {
      case RAW: {
        const start = this.#text.indexOf('<', i);
        if (start < 0) return this.#text.length;
        this.#beginMarkup(start);
        this.#rawState = RAW;
        this.#state = RAW_LESS_THAN;
        return start + 1;
      }
      case RAW_LESS_THAN:
        if (code !== SOLIDUS) return this.#backToRaw(i);
        this.#state = RAW_END_OPEN;
        return i + 1;
      case RAW_END_OPEN:
        this.#matched = 0;
        this.#state = RAW_END_NAME;
        return i;
      default:
        return this.#readRawEndName(i, code);
    }
  }

  /** After `</` only the name of the element itself ends its text. */
  #readRawEndName(i: number, code: number): number {
    if (this.#matched < this.#rawName.length) {
      if (lowerCase(code) !== this.#rawName.charCodeAt(this.#matched)) return this.#backToRaw(i);
      this.#matched += 1;
      return i + 1;
    }
    if (!isTagNameEnd(code)) return this.#backToRaw(i);
    this.#endRaw();
    this.#isEndTag = true;
    this.#state = TAG_NAME;
    return i;
  }

  #backToRaw(i: number): number {
    this.#release(this.#rawState);
    return i;
  }

  #endRaw(): void {
    if (!this.#isStyle) return;
    if (this.#held === '') {
      const text = this.#text.slice(this.#from, this.#markupStart);
      if (text !== '') this.#out += this.#handlers.onStyleText(text);
      this.#from = this.#markupStart;
    }
    this.#out += this.#handlers.onStyleEnd();
    this.#isStyle = false;
  }

  #stepScript(i: number): number {
    const code = this.#text.charCodeAt(i);
    switch (this.#state) {
      case SCRIPT: {
        const start = this.#text.indexOf('<', i);
        if (start < 0) return this.#text.length;
        this.#beginMarkup(start);
        this.#rawState = SCRIPT;
        this.#state = SCRIPT_LESS_THAN;
        return start + 1;
      }
      case SCRIPT_LESS_THAN:
        if (code === SOLIDUS) this.#state = RAW_END_OPEN;
        else if (code === BANG) this.#release(SCRIPT_BANG);
        else return this.#backToRaw(i);
        return i + 1;
      case SCRIPT_BANG:
        if (code !== DASH) return this.#reconsume(SCRIPT, i);
        this.#state = SCRIPT_BANG_DASH;
        return i + 1;
      case SCRIPT_BANG_DASH:
        if (code !== DASH) return this.#reconsume(SCRIPT, i);
        this.#state = ESCAPED;
        this.#dashes = 2;
        return i + 1;
      case REST:
        return this.#text.length;
      default:
        return this.#stepEscapedScript(i, code);
    }
  }

  /** Script inside of `<!--`, and script inside of `<script>` inside of that (HTML, 13.2.5.20 to 13.2.5.31). */
  #stepEscapedScript(i: number, code: number): number {
    switch (this.#state) {
      case ESCAPED:
        if (code === LESS_THAN) {
          this.#beginMarkup(i);
          this.#rawState = ESCAPED;
        }
        return this.#readEscaped(i, code, ESCAPED_LESS_THAN);
      case ESCAPED_LESS_THAN:
        if (code === SOLIDUS) {
          this.#state = RAW_END_OPEN;
          return i + 1;
        }
        this.#escapedName = '';
        this.#release(isLetter(code) ? ESCAPED_NAME : ESCAPED);
        return i;
      case ESCAPED_NAME:
        return this.#readEscapedName(i, code, DOUBLE_ESCAPED, ESCAPED);
      case DOUBLE_ESCAPED:
        return this.#readEscaped(i, code, DOUBLE_ESCAPED_LESS_THAN);
      case DOUBLE_ESCAPED_LESS_THAN:
        this.#escapedName = '';
        if (code !== SOLIDUS) return this.#reconsume(DOUBLE_ESCAPED, i);
        this.#state = DOUBLE_ESCAPED_NAME;
        return i + 1;
      default:
        return this.#readEscapedName(i, code, ESCAPED, DOUBLE_ESCAPED);
    }
  }

  #readEscaped(i: number, code: number, lessThan: number): number {
    if (code === DASH) {
      this.#dashes += 1;
      return i + 1;
    }
    if (code === GREATER_THAN && this.#dashes >= 2) this.#state = SCRIPT;
    if (code === LESS_THAN) this.#state = lessThan;
    this.#dashes = 0;
    return i + 1;
  }

  #readEscapedName(i: number, code: number, whenScript: number, otherwise: number): number {
    if (isTagNameEnd(code)) {
      this.#state = this.#escapedName === 'script' ? whenScript : otherwise;
      return i + 1;
    }
    if (!isLetter(code)) return this.#reconsume(otherwise, i);
    if (this.#escapedName.length <= MAX_NAME_LENGTH) this.#escapedName += String.fromCharCode(lowerCase(code));
    return i + 1;
  }
}

function isSpace(code: number): boolean {
  return code === SPACE || code === LF || code === TAB || code === CR || code === FF;
}

function isLetter(code: number): boolean {
  const lower = code | 0x20;
  return lower >= 0x61 && lower <= 0x7a && code < 0x80;
}

function lowerCase(code: number): number {
  return code >= 0x41 && code <= 0x5a ? code | 0x20 : code;
}

function isTagNameEnd(code: number): boolean {
  return code === GREATER_THAN || code === SOLIDUS || isSpace(code);
}
