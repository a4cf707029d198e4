/** A string or template literal of a source file. */
export type Literal = {
  /** Index of the opening quote. */
  readonly offset: number;
  /** Text up to the closing quote, or up to the first `${`. */
  readonly head: string;
  readonly hasExpression: boolean;
};

export type LexedSource = {
  /** The source with comments and the inside of literals blanked, every index and line kept. */
  readonly code: string;
  readonly literals: readonly Literal[];
};

const REGEX_MAY_FOLLOW = new Set('(,=:[!&|?{};+-*%<>~^}');
const KEYWORD_BEFORE_REGEX = /\b(return|typeof|case|in|of|delete|void|throw|new|else|do|yield|await)$/;

/**
 * Splits TypeScript into code and literals, well enough for rules that look for names and import specifiers. It is no
 * parser: a regular expression directly after a closing parenthesis is read as a division.
 */
export function lexSource(text: string): LexedSource {
  // By UTF-16 unit, as every index below: a character outside the basic plane must not shift them.
  const code = text.replace(/[^\n]/g, ' ').split('');
  const literals: Literal[] = [];
  // Open template literals; each counts the braces open inside its current `${…}`.
  const templateBraces: number[] = [];
  let index = 0;
  while (index < text.length) {
    const char = text.charAt(index);
    const pair = text.slice(index, index + 2);
    if (pair === '//') index = endOr(text.indexOf('\n', index), text.length);
    else if (pair === '/*') index = endOr(text.indexOf('*/', index + 2), text.length - 2) + 2;
    else if (char === "'" || char === '"') index = readString(text, index, code, literals);
    else if (char === '`') index = readTemplate(text, index, true, { code, literals, templateBraces });
    else if (char === '}' && templateBraces.at(-1) === 0) {
      templateBraces.pop();
      index = readTemplate(text, index, false, { code, literals, templateBraces });
    } else if (char === '/' && mayStartRegex(text, index, code)) index = skipRegex(text, index);
    else {
      countBrace(char, templateBraces);
      code[index] = char;
      index += 1;
    }
  }
  return { code: code.join(''), literals };
}

type Sink = { readonly code: string[]; readonly literals: Literal[]; readonly templateBraces: number[] };

function readString(text: string, start: number, code: string[], literals: Literal[]): number {
  const quote = text.charAt(start);
  let index = start + 1;
  while (index < text.length && text.charAt(index) !== quote && text.charAt(index) !== '\n') {
    index += text.charAt(index) === '\\' ? 2 : 1;
  }
  literals.push({ offset: start, head: text.slice(start + 1, index), hasExpression: false });
  code[start] = quote;
  if (index < text.length) code[index] = text.charAt(index);
  return index + 1;
}

/** Reads from a backtick, or from the brace that ends an expression, to the next `${` or the closing backtick. */
function readTemplate(text: string, start: number, isHead: boolean, sink: Sink): number {
  let index = start + 1;
  while (index < text.length && text.charAt(index) !== '`' && text.slice(index, index + 2) !== '${') {
    index += text.charAt(index) === '\\' ? 2 : 1;
  }
  const hasExpression = text.charAt(index) === '$';
  if (isHead) sink.literals.push({ offset: start, head: text.slice(start + 1, index), hasExpression });
  if (isHead) sink.code[start] = '`';
  if (!hasExpression) {
    if (index < text.length) sink.code[index] = '`';
    return index + 1;
  }
  sink.templateBraces.push(0);
  return index + 2;
}

function countBrace(char: string, templateBraces: number[]): void {
  const last = templateBraces.length - 1;
  const open = templateBraces[last];
  if (open === undefined) return;
  if (char === '{') templateBraces[last] = open + 1;
  if (char === '}') templateBraces[last] = open - 1;
}

function mayStartRegex(text: string, index: number, code: readonly string[]): boolean {
  let before = index - 1;
  // Blanked comments count as the white space they stand for.
  while (before >= 0 && code[before] === ' ' && text.charAt(before) !== '/') before -= 1;
  while (before >= 0 && /\s/.test(text.charAt(before))) before -= 1;
  if (before < 0 || REGEX_MAY_FOLLOW.has(text.charAt(before))) return true;
  return KEYWORD_BEFORE_REGEX.test(text.slice(Math.max(0, before - 10), before + 1));
}

function skipRegex(text: string, start: number): number {
  let inClass = false;
  let index = start + 1;
  while (index < text.length && text.charAt(index) !== '\n') {
    const char = text.charAt(index);
    if (char === '\\') index += 1;
    else if (char === '[') inClass = true;
    else if (char === ']') inClass = false;
    else if (char === '/' && !inClass) return index + 1;
    index += 1;
  }
  return index;
}

function endOr(found: number, otherwise: number): number {
  return found === -1 ? otherwise : found;
}
