import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { checkImports } from './import-rules.ts';
import { checkPurity } from './purity-rules.ts';
import { readSource, type SourceFile, type Violation } from './source-file.ts';
import { checkLength, checkProcess, checkSubjectLiterals } from './text-rules.ts';

const FOLDERS = ['libs', 'services', 'broker', 'scripts', 'spec'];

/** Every TypeScript file of the tree at `root`, in a stable order. */
export function readTree(root: string): readonly SourceFile[] {
  return FOLDERS.flatMap((folder) => listTypeScript(join(root, folder)))
    .sort()
    .map((path) => readSource(relative(root, path).split(sep).join('/'), readFileSync(path, 'utf8')));
}

/** Every breach of the boundaries of docs/LAYOUT.md, ordered by file and line. */
export function checkFiles(files: readonly SourceFile[]): readonly Violation[] {
  const perFile = files.flatMap((file) => [
    ...checkImports(file),
    ...checkProcess(file),
    ...checkSubjectLiterals(file),
    ...checkLength(file),
  ]);
  return [...perFile, ...checkPurity(files)].sort((a, b) => a.path.localeCompare(b.path) || a.line - b.line);
}

function listTypeScript(folder: string): readonly string[] {
  if (statSync(folder, { throwIfNoEntry: false }) === undefined) return [];
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return entry.name === 'node_modules' ? [] : listTypeScript(path);
    return entry.isFile() && /\.m?ts$/.test(entry.name) ? [path] : [];
  });
}
