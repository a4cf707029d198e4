/**
 * @typedef {import('./report.mjs').CaseResult} CaseResult
 * @typedef {import('./report.mjs').TargetResult} TargetResult
 * @typedef {import('./bars.mjs').Verdict} Verdict
 */

const HEADINGS = ['target', 'median', 'min', 'max', 'p50 ms', 'p99 ms', 'errors'];
/** CPU shares and memory below this are left out of the table; the JSON has them all. */
const NEGLIGIBLE = 0.5;

/**
 * What a person reads: one block per case, CPU and memory by process below it, what is absent and why, ratios,
 * bars.
 * @param {{ cases: readonly CaseResult[], ratios: Record<string, Record<string, number>>, bars?: readonly Verdict[] }} result
 * @returns {string}
 */
export function renderResult({ cases, ratios, bars = [] }) {
  const blocks = cases.map(renderCase);
  const divided = Object.entries(ratios).flatMap(([name, list]) =>
    Object.entries(list).map(([pair, value]) => [name, pair, value.toFixed(2)]),
  );
  const judged = bars.map(({ bar, target, measured, holds }) => [
    bar,
    target,
    holds ? 'holds' : 'FAILS',
    `${measured}`,
  ]);
  const absent = listAbsent(cases);
  return [
    ...blocks,
    ...(divided.length > 0 ? [`ratios of medians\n${alignColumns(divided, 2)}`] : []),
    ...(judged.length > 0 ? [`bars\n${alignColumns(judged, 3)}`] : []),
    ...(absent.length > 0 ? [`not measured\n${alignColumns(absent, 2)}`] : []),
  ].join('\n\n');
}

/**
 * What has no number in any case, and what some cases leave out, each once; which cases these are stands in the JSON.
 * @param {readonly CaseResult[]} cases
 */
function listAbsent(cases) {
  /** @type {Map<string, readonly [string, string]>} */
  const found = new Map();
  for (const { targets } of cases) {
    for (const [target, { status, reason }] of Object.entries(targets)) {
      if (status !== 'missing' && status !== 'not-run') continue;
      const isNowhere = cases.every((one) => one.targets[target]?.status === status);
      found.set(`${target} ${reason}`, [isNowhere ? target : `${target}, some cases`, `${status}: ${reason}`]);
    }
  }
  return [...found.values()];
}

/** @param {CaseResult} result */
function renderCase({ name, unit, targets }) {
  const present = Object.entries(targets).filter(([, { status }]) => status !== 'missing' && status !== 'not-run');
  const rows = present.map(([target, result]) => row(target, result));
  const notes = present.flatMap(([target, { status, reason }]) =>
    reason === undefined ? [] : [`  ${target} ${status}: ${reason}`],
  );
  return [`${name} (${unit})`, alignColumns([HEADINGS, ...rows], 1), ...notes, ...byProcess(present)].join('\n');
}

/**
 * @param {string} target
 * @param {TargetResult} result
 */
function row(target, result) {
  if (result.median === undefined) return [target, result.status];
  const mark = result.status === 'measured' ? '' : '!';
  const [median, min, max] = [result.median, result.min, result.max].map((value) => show(value));
  return [
    target,
    `${mark}${median}`,
    min ?? '',
    max ?? '',
    show(result.p50Ms),
    show(result.p99Ms),
    show(result.errors, 0),
  ];
}

/**
 * @param {number | undefined} value
 * @param {number} [digits]
 */
function show(value, digits) {
  if (value === undefined) return '';
  return value.toFixed(digits ?? (Math.abs(value) >= 1000 ? 0 : Math.abs(value) >= 10 ? 1 : 2));
}

/** @param {readonly (readonly [string, TargetResult])[]} targets */
function byProcess(targets) {
  /** @type {readonly (readonly [string, keyof TargetResult])[]} */
  const kinds = [
    ['CPU µs per request', 'cpuMicrosecondsPerRequest'],
    ['CPU µs per MB', 'cpuMicrosecondsPerMB'],
    ['growth MiB', 'memoryGrowthMib'],
    ['resident MiB', 'residentMib'],
  ];
  return kinds.flatMap(([label, key]) => {
    const lines = targets.flatMap(([target, result]) => {
      const numbers = /** @type {Record<string, number> | undefined} */ (result[key]);
      return numbers === undefined ? [] : [[target, listNumbers(numbers)]];
    });
    return lines.length === 0 ? [] : [`  ${label}`, alignColumns(lines, 2, '    ')];
  });
}

/** @param {Record<string, number>} numbers */
function listNumbers(numbers) {
  const listed = Object.entries(numbers).filter(([, value]) => value >= NEGLIGIBLE);
  return listed
    .sort(([, a], [, b]) => b - a)
    .map(([name, value]) => `${name} ${value.toFixed(value < 10 ? 1 : 0)}`)
    .join(', ');
}

/**
 * @param {readonly (readonly string[])[]} rows
 * @param {number} textColumns columns from the left that hold text; the others hold numbers and end flush
 * @param {string} [indent]
 * @returns {string}
 */
export function alignColumns(rows, textColumns, indent = '  ') {
  const count = Math.max(...rows.map((cells) => cells.length));
  const widths = Array.from({ length: count }, (_, column) =>
    Math.max(...rows.map((cells) => (cells[column] ?? '').length)),
  );
  return rows
    .map((cells) =>
      widths
        .map((width, column) => {
          const cell = cells[column] ?? '';
          return column < textColumns ? cell.padEnd(width) : cell.padStart(width);
        })
        .join('  '),
    )
    .map((line) => `${indent}${line}`.trimEnd())
    .join('\n');
}
