/** Text without its escapes, and where each character of it stands in the source. */
export type DecodedText = {
  readonly text: string;
  /** Source offset of every character and of the end; undefined when both texts are the same. */
  readonly offsets: readonly number[] | undefined;
};

/** Names of characters that occur in front of what a link mapping must know. Others do not occur in published URLs. */
const NAMED: Readonly<Record<string, string>> = {
  Tab: '\t',
  NewLine: '\n',
  excl: '!',
  quot: '"',
  QUOT: '"',
  num: '#',
  dollar: '$',
  percnt: '%',
  amp: '&',
  AMP: '&',
  apos: "'",
  lpar: '(',
  rpar: ')',
  ast: '*',
  midast: '*',
  plus: '+',
  comma: ',',
  period: '.',
  sol: '/',
  colon: ':',
  semi: ';',
  lt: '<',
  LT: '<',
  equals: '=',
  gt: '>',
  GT: '>',
  quest: '?',
  commat: '@',
  lsqb: '[',
  lbrack: '[',
  bsol: '\\',
  rsqb: ']',
  rbrack: ']',
  Hat: '^',
  lowbar: '_',
  UnderBar: '_',
  grave: '`',
  lcub: '{',
  lbrace: '{',
  verbar: '|',
  vert: '|',
  rcub: '}',
  rbrace: '}',
};
const REFERENCE = /&(?:#[xX]([0-9a-fA-F]{1,8});?|#([0-9]{1,9});?|([A-Za-z]{2,8});|(amp|lt|gt|quot)(?![A-Za-z0-9=;]))/g;
const CSS_ESCAPE = /\\(?:([0-9a-fA-F]{1,6})(?:\r\n|[ \t\n\r\f])?|(\r\n|[\n\r\f])|([^0-9a-fA-F\n\r\f]))/g;
const MAX_CODE_POINT = 0x10ffff;

/** An attribute value without its character references (HTML, 13.2.5.72). */
export function decodeAttribute(value: string): DecodedText {
  if (!value.includes('&')) return { text: value, offsets: undefined };
  return decode(value, REFERENCE, ([whole, hex, decimal, name, legacy]) => {
    if (hex !== undefined) return characterOf(Number.parseInt(hex, 16));
    if (decimal !== undefined) return characterOf(Number.parseInt(decimal, 10));
    return NAMED[name ?? legacy ?? ''] ?? whole;
  });
}

/** The value of a CSS string or url() without its escapes (CSS Syntax 3, 4.3.7). */
export function decodeCss(value: string): DecodedText {
  if (!value.includes('\\')) return { text: value, offsets: undefined };
  return decode(value, CSS_ESCAPE, ([, hex, newline, character]) => {
    if (hex !== undefined) return characterOf(Number.parseInt(hex, 16));
    return newline === undefined ? (character ?? '') : '';
  });
}

/** Source offset of a character of the decoded text. */
export function sourceOffset(decoded: DecodedText, index: number): number {
  return decoded.offsets?.[index] ?? index;
}

/** For a value in either kind of quotes or in none. */
export function encodeAttribute(text: string): string {
  return text.replace(/[&"'<>`\s]/g, (character) => `&#${character.charCodeAt(0)};`);
}

/** For a string or an url() without quotes. */
export function encodeCss(text: string): string {
  return text.replace(/["'()\\\s]/g, (character) => `\\${character.charCodeAt(0).toString(16)} `);
}

function decode(value: string, pattern: RegExp, meaningOf: (match: RegExpExecArray) => string): DecodedText {
  const offsets: number[] = [];
  let text = '';
  let from = 0;
  const copyUpTo = (end: number) => {
    for (let i = from; i < end; i += 1) offsets.push(i);
    text += value.slice(from, end);
  };
  for (const match of value.matchAll(pattern)) {
    const meaning = meaningOf(match);
    if (meaning === match[0]) continue;
    copyUpTo(match.index);
    from = match.index + match[0].length;
    for (let i = 0; i < meaning.length; i += 1) offsets.push(match.index);
    text += meaning;
  }
  if (from === 0) return { text: value, offsets: undefined };
  copyUpTo(value.length);
  offsets.push(value.length);
  return { text, offsets };
}

function characterOf(code: number): string {
  return code === 0 || code > MAX_CODE_POINT ? '\ufffd' : String.fromCodePoint(code);
}
