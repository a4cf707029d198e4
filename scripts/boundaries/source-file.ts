import { type LexedSource, lexSource } from './lex-source.ts';

export type Import = {
  readonly specifier: string;
  readonly line: number;
  /** `import type` and `export type … from`: nothing of it is left when the program runs. */
  readonly isTypeOnly: boolean;
};

export type SourceFile = LexedSource & {
  /** Relative to the project, with forward slashes. */
  readonly path: string;
  readonly text: string;
  readonly imports: readonly Import[];
};

export type Violation = {
  readonly path: string;
  readonly line: number;
  readonly rule: string;
  readonly message: string;
  readonly remedy: string;
};

const STATIC_IMPORT = /\b(?:import|export)\b([^'"`;=()]*?)\bfrom\s*(?=['"])/g;
const BARE_IMPORT = /\bimport\s*(?=['"])/g;
const DYNAMIC_IMPORT = /\b(?:import|require)\s*\(\s*(?=['"`])/g;

export function readSource(path: string, text: string): SourceFile {
  const lexed = lexSource(text);
  return { path, text, ...lexed, imports: findImports(text, lexed) };
}

/** Line number, from 1, of an index. */
export function lineAt(text: string, offset: number): number {
  return text.slice(0, offset).split('\n').length;
}

/** `libs/<name>`, `services/<name>`, `broker`, `scripts` or `spec`; undefined for any other place. */
export function packageOf(path: string): string | undefined {
  const [top = '', name] = path.split('/');
  if (top === 'libs' || top === 'services') return name === undefined ? undefined : `${top}/${name}`;
  return ['broker', 'scripts', 'spec'].includes(top) ? top : undefined;
}

function findImports(text: string, { code, literals }: LexedSource): readonly Import[] {
  const specifierAt = new Map(literals.map(({ offset, head }) => [offset, head]));
  const found = (pattern: RegExp) =>
    [...code.matchAll(pattern)].flatMap((match) => {
      const specifier = specifierAt.get(match.index + match[0].length);
      if (specifier === undefined) return [];
      return [{ specifier, line: lineAt(text, match.index), isTypeOnly: /^\s+type\b/.test(match[1] ?? '') }];
    });
  return [...found(STATIC_IMPORT), ...found(BARE_IMPORT), ...found(DYNAMIC_IMPORT)];
}
