// Writes docs/reference/events.md and errors.md from the source; with --check it only proves that they are current.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { EVENT_TYPES } from '#libs/contracts';
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

const pages = { 'events.md': eventsPage(EVENT_TYPES), 'errors.md': errorsPage(raisingFiles()) };
const isCheck = process.argv.includes('--check');
const stale = Object.entries(pages).filter(([name, text]) => {
  const path = join(ROOT, 'docs', 'reference', name);
  if (readIfThere(path) === text) return false;
  if (!isCheck) writeFileSync(path, text);
  return true;
});
for (const [name] of stale) process.stdout.write(`docs/reference/${name} ${isCheck ? 'is not current' : 'written'}\n`);
if (isCheck && stale.length > 0) {
  process.stdout.write('    remedy: node --import=tsx --conditions=sallyport-source scripts/generate-reference.ts\n');
  process.exitCode = 1;
}
