// Proves the boundaries of docs/LAYOUT.md over the tree named by the first argument, by default the current folder.
import { checkFiles, readTree } from './boundaries/check-tree.ts';

const files = readTree(process.argv[2] ?? process.cwd());
const violations = checkFiles(files);
for (const { path, line, rule, message, remedy } of violations) {
  process.stdout.write(`${path}:${line}  ${rule}: ${message}\n    remedy: ${remedy}\n`);
}
if (files.length === 0) process.stdout.write('no TypeScript file found: nothing was checked\n');
process.stdout.write(`${files.length} files, ${violations.length} violations\n`);
process.exitCode = violations.length > 0 || files.length === 0 ? 1 : 0;
