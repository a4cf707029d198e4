import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PROJECT_ROOT } from '../bootstrap/project.mjs';
import { verdictOf } from './table.mjs';

const FILE = join(PROJECT_ROOT, 'docs', 'conformance.md');
const BEGIN = '<!-- measured: written by npm run conformance -- --document -->';
const END = '<!-- end of measured -->';
/** A table cell stays readable; the whole text is in the JSON. */
const MAX_LINE = 400;

/** @typedef {import('./suite.mjs').Result} Result */

/**
 * Writes the results between the marks of docs/conformance.md; the text around them belongs to people.
 * @param {{ results: readonly Result[], machine: Record<string, string | number>, commit: string, date: string }} run
 */
export function writeDocument(run) {
  const text = readFileSync(FILE, 'utf8');
  const from = text.indexOf(BEGIN);
  const to = text.indexOf(END);
  if (from < 0 || to < from) throw new Error(`${FILE} has lost its marks "${BEGIN}" and "${END}"`);
  writeFileSync(FILE, `${text.slice(0, from)}${BEGIN}\n${renderDocument(run)}\n${text.slice(to)}`);
}

/**
 * @param {{ results: readonly Result[], machine: Record<string, string | number>, commit: string, date: string }} run
 * @returns {string} in Markdown
 */
export function renderDocument({ results, machine, commit, date }) {
  const ran = results.filter((it) => it.ran);
  const absent = results.filter((it) => !it.ran);
  const lines = [
    '',
    `${date}, commit ${commit.slice(0, 12)}${commit.endsWith('+changes') ? ' with changes' : ''}; ${describe(machine)}.`,
    '',
    '| suite | judges | version | passed | failed | time |',
    '|---|---|---|---|---|---|',
    ...ran.map((it) => row([it.suite, it.judges, it.version, String(it.passed), bold(it.failed), `${it.seconds} s`])),
    '',
  ];
  for (const it of ran) {
    if (it.unexplained.length === 0 && it.notes.length === 0) continue;
    lines.push(`**${it.suite}** (${verdictOf(it)})`, '');
    for (const failure of it.unexplained) lines.push(`- failed: ${plain(failure)}`);
    for (const note of it.notes) lines.push(`- ${plain(note)}`);
    lines.push('');
  }
  if (absent.length > 0) {
    lines.push('Not run:', '', '| suite | judges | reason |', '|---|---|---|');
    lines.push(...absent.map((it) => row([it.suite, it.judges, it.reason ?? 'unknown'])), '');
  }
  return lines.join('\n');
}

/** @param {Record<string, string | number>} machine */
function describe({ cores, os, kernel, node, loadAverageBefore }) {
  const [version] = /^\d+\.\d+/.exec(String(kernel)) ?? [kernel];
  const load = Number(loadAverageBefore);
  const busy = load > Number(cores) ? ': other work kept the machine busy, and all times are worse for it' : '';
  return `${cores} cores, ${os}, kernel ${version}, Node.js ${node}, load average ${load} before the run${busy}`;
}

/** @param {readonly string[]} cells */
function row(cells) {
  return `| ${cells.map(plain).join(' | ')} |`;
}

/** @param {number} failed */
function bold(failed) {
  return failed === 0 ? '0' : `**${failed}**`;
}

/**
 * Text of tools and of answers, made harmless for Markdown.
 * @param {string} text
 */
function plain(text) {
  const line = text
    .replaceAll(PROJECT_ROOT, '')
    .replace(/\S*sallyport-conformance-\w+/g, '…')
    .replace(/\s+/g, ' ')
    .replaceAll('|', '\\|')
    .replaceAll('<', '&lt;');
  return line.length > MAX_LINE ? `${line.slice(0, MAX_LINE)}…` : line;
}
