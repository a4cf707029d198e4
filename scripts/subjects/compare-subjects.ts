export type SubjectSource = {
  /** The file to edit, relative to the project. */
  readonly path: string;
  readonly patterns: readonly string[];
};

export type SubjectMismatch = { readonly pattern: string; readonly message: string };

const PLANES = ['evt', 'cmd', 'qry', 'cfg', 'prs', 'tun', 'acc', 'aud'];
const DOCUMENT = 'broker/SUBJECTS.md';

/**
 * Patterns in backticks in the first column of the document's tables. A placeholder such as `<tenant>` or `{tenant}`
 * counts as the wildcard `*`. Rows of other tables, which name no plane first, are not subjects.
 */
export function readDocumentedSubjects(markdown: string): readonly string[] {
  const found = markdown.split('\n').flatMap((line) => {
    const firstColumn = /^\s*\|([^|]*)\|/.exec(line)?.[1] ?? '';
    return [...firstColumn.matchAll(/`([^`]+)`/g)].map((match) => normalizePattern(match[1] ?? ''));
  });
  return [...new Set(found)].filter((pattern) => PLANES.includes(pattern.split('.')[0] ?? ''));
}

export function normalizePattern(pattern: string): string {
  return pattern
    .trim()
    .split('.')
    .map((token) => (/^(<[^>]+>|\{[^}]+\}|\$\{[^}]+\})$/.test(token) ? '*' : token))
    .join('.');
}

/** Both directions: what the code says must be documented, and what is documented must be said by the code. */
export function compareSubjects(sources: readonly SubjectSource[], markdown: string): readonly SubjectMismatch[] {
  const documented = readDocumentedSubjects(markdown);
  const produced = sources.flatMap(({ path, patterns }) => patterns.map((pattern) => ({ path, pattern })));
  const known = new Set(produced.map(({ pattern }) => normalizePattern(pattern)));
  const undocumented = produced
    .filter(({ pattern }) => !documented.includes(normalizePattern(pattern)))
    .map(({ path, pattern }) => ({ pattern, message: `is built by ${path} but absent from ${DOCUMENT}` }));
  const unproduced = documented
    .filter((pattern) => !known.has(pattern))
    .map((pattern) => ({
      pattern,
      message: `stands in ${DOCUMENT} but is built by none of ${sources.map(({ path }) => path).join(', ')}`,
    }));
  return [...undocumented, ...unproduced];
}

/**
 * The list of patterns a library exports under `name`.
 * @throws TypeError when it exports none: an empty list would make the comparison pass without comparing.
 */
export function requirePatterns(exported: Readonly<Record<string, unknown>>, name: string): readonly string[] {
  const value = exported[name];
  if (!Array.isArray(value) || value.length === 0 || !value.every((item) => typeof item === 'string')) {
    throw new TypeError(`${name} is not exported as a list of subject patterns`);
  }
  return value;
}
