import { resolveRelative } from './import-rules.ts';
import { lineAt, packageOf, type SourceFile, type Violation } from './source-file.ts';

/** Files whose answer may depend on nothing but their arguments. */
const PURE_FILE = /(^|\/)([^/]+\.(decide|state|decider)|evaluate-access|score-sign-in)\.ts$/;

/** Packages without I/O, clock or randomness that a pure file may use. */
const PURE_PACKAGES = new Set(['zod']);

const IMPURE_NAMES: readonly (readonly [RegExp, string])[] = [
  [/\bDate\s*\.\s*now\b/g, 'Date.now'],
  [/\bnew\s+Date\s*(?:\(\s*\)|(?![\s(]))/g, 'new Date()'],
  [/(?<!new\s+)\bDate\s*\(\s*\)/g, 'Date()'],
  [/\bMath\s*\.\s*random\b/g, 'Math.random'],
  [/(?<![.\w])crypto\s*\./g, 'crypto'],
  [/(?<![.\w])(?:globalThis\s*\.\s*)?performance\s*\./g, 'performance'],
  [/(?<![.\w])(?:setTimeout|setInterval|setImmediate|queueMicrotask)\s*\(/g, 'a timer'],
  [/(?<![.\w])newId\s*\(/g, 'newId'],
  [/(?<![.\w])(?:fetch|console\s*\.\s*\w+)\s*\(/g, 'I/O'],
];

type Impurity = { readonly line: number; readonly what: string };

/** Boundary 3 of docs/LAYOUT.md, followed through the relative imports of the same package. */
export function checkPurity(files: readonly SourceFile[]): readonly Violation[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  return files.filter(({ path }) => PURE_FILE.test(path)).flatMap((file) => checkPureFile(file, byPath));
}

function checkPureFile(file: SourceFile, byPath: ReadonlyMap<string, SourceFile>): readonly Violation[] {
  const own = findImpurities(file).map(({ line, what }) => violation(file.path, line, `uses ${what}`));
  const reached = valueImports(file).flatMap(({ target, line }) => {
    const found = firstImpurityBehind(target, byPath, new Set([file.path]));
    return found === undefined ? [] : [violation(file.path, line, `reaches ${found.what} in ${found.path}`)];
  });
  return [...own, ...reached];
}

function firstImpurityBehind(
  path: string,
  byPath: ReadonlyMap<string, SourceFile>,
  seen: Set<string>,
): { readonly path: string; readonly what: string } | undefined {
  const file = byPath.get(path);
  // A pure file further on reports for itself.
  if (file === undefined || seen.has(path) || PURE_FILE.test(path)) return undefined;
  seen.add(path);
  const [first] = findImpurities(file);
  if (first !== undefined) return { path, what: first.what };
  for (const { target } of valueImports(file)) {
    const deeper = firstImpurityBehind(target, byPath, seen);
    if (deeper !== undefined) return deeper;
  }
  return undefined;
}

function valueImports(file: SourceFile): readonly { readonly target: string; readonly line: number }[] {
  return file.imports
    .filter(({ specifier, isTypeOnly }) => specifier.startsWith('.') && !isTypeOnly)
    .map(({ specifier, line }) => ({ target: resolveRelative(file.path, specifier), line }))
    .filter(({ target }) => packageOf(target) === packageOf(file.path));
}

function findImpurities(file: SourceFile): readonly Impurity[] {
  const imports = file.imports
    .filter(({ specifier, isTypeOnly }) => !isTypeOnly && !/^(\.|#libs\/)/.test(specifier))
    .filter(({ specifier }) => !PURE_PACKAGES.has(specifier))
    .map(({ specifier, line }) => ({ line, what: specifier }));
  const names = IMPURE_NAMES.flatMap(([pattern, what]) =>
    [...file.code.matchAll(pattern)].map((match) => ({ line: lineAt(file.text, match.index), what })),
  );
  return [...imports, ...names];
}

function violation(path: string, line: number, message: string): Violation {
  return {
    path,
    line,
    rule: 'pure-file',
    message,
    remedy: 'let clock, ids, randomness and inputs arrive in the command',
  };
}
