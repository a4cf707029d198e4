// Writes docs/reference/events.md and errors.md, and docs/errors/, from the source; with --check it only proves that they are current.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EVENT_TYPES } from '#libs/contracts';
import { errorPages } from './reference/error-pages.ts';
import { errorsPage, type RaisingFile } from './reference/errors-page.ts';
import { eventsPage } from './reference/events-page.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const RAISING_FOLDERS = ['broker', 'libs', 'services'];

function raisingFiles(): readonly RaisingFile[] {
  return RAISING_FOLDERS.flatMap((folder) =>
    readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
      .map((entry) => join(entry.parentPath, entry.name)),
  )
    .sort()
    .map((path) => ({ path: relative(ROOT, path).split(sep).join('/'), text: readFileSync(path, 'utf8') }));
}

function readIfThere(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // Absent or unreadable is not current either.
    return '';
  }
}

const pages = new Map([
  ['reference/events.md', eventsPage(EVENT_TYPES)],
  ['reference/errors.md', errorsPage(raisingFiles())],
  ...[...errorPages()].map(([name, text]) => [`errors/${name}`, text] as const),
]);
const isCheck = process.argv.includes('--check');
const stale = [...pages].filter(([name, text]) => {
  const path = join(ROOT, 'docs', name);
  if (readIfThere(path) === text) return false;
  if (!isCheck) writeFileSync(path, text);
  return true;
});
for (const [name] of stale) process.stdout.write(`docs/${name} ${isCheck ? 'is not current' : 'written'}\n`);
// A number is never taken back: a page that nothing generates any more is a mistake, not a leftover.
const orphans = readdirSync(join(ROOT, 'docs', 'errors')).filter((name) => !pages.has(`errors/${name}`));
for (const name of orphans) process.stdout.write(`docs/errors/${name} belongs to no number\n`);
if (isCheck && stale.length > 0) {
  process.stdout.write('    remedy: node --import=tsx --conditions=sallyport-source scripts/generate-reference.ts\n');
}
if (orphans.length > 0 || (isCheck && stale.length > 0)) process.exitCode = 1;
