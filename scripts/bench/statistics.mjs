/**
 * @param {readonly number[]} values at least one
 * @returns {number} the middle one, or the mean of the two in the middle
 */
export function medianOf(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const upper = sorted[Math.floor(sorted.length / 2)];
  const lower = sorted[Math.ceil(sorted.length / 2) - 1];
  if (upper === undefined || lower === undefined) throw new RangeError('no values, expected at least one');
  return (upper + lower) / 2;
}

/**
 * @param {readonly number[]} values at least one
 * @param {number} percent above 0, at most 100
 * @returns {number} the least of the values that this share of them does not exceed (nearest rank)
 */
export function percentileOf(values, percent) {
  const sorted = Float64Array.from(values).sort();
  const value = sorted[Math.ceil((percent / 100) * sorted.length) - 1];
  if (value === undefined) throw new RangeError('no values, expected at least one');
  return value;
}

/**
 * @param {readonly number[]} values at least one
 * @returns {{ median: number, min: number, max: number }}
 */
export function spreadOf(values) {
  return { median: medianOf(values), min: Math.min(...values), max: Math.max(...values) };
}

/**
 * The median of each name over the rounds; a name that a round does not know counts as 0 in it.
 * @param {readonly Readonly<Record<string, number>>[]} rounds
 * @returns {Record<string, number>}
 */
export function medianByName(rounds) {
  const names = [...new Set(rounds.flatMap((round) => Object.keys(round)))];
  return Object.fromEntries(names.map((name) => [name, medianOf(rounds.map((round) => round[name] ?? 0))]));
}

/**
 * The greatest of each name over the rounds.
 * @param {readonly Readonly<Record<string, number>>[]} rounds
 * @returns {Record<string, number>}
 */
export function maxByName(rounds) {
  const names = [...new Set(rounds.flatMap((round) => Object.keys(round)))];
  return Object.fromEntries(names.map((name) => [name, Math.max(...rounds.map((round) => round[name] ?? 0))]));
}

/**
 * @param {number} value
 * @param {number} [digits] after the point
 */
export function rounded(value, digits = 1) {
  return Number(value.toFixed(digits));
}
