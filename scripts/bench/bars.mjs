/** @typedef {import('./report.mjs').CaseResult} CaseResult */

/**
 * One promise of the project, held against a run.
 * @typedef {object} Verdict
 * @property {string} bar what is asked
 * @property {string} target
 * @property {number} measured
 * @property {number} limit
 * @property {boolean} holds
 */

/** @typedef {(name: string, target: string, figure?: 'median' | 'p99Ms') => number | undefined} Lookup */

const SIGNED_IN = 'sallyport-signed-in';
const BOTH = ['sallyport-passthrough', SIGNED_IN];
const MAX_ECHO_FACTOR = 2;
const MAX_ECHO_ADDED_MS = 1;

/**
 * @param {readonly CaseResult[]} cases
 * @returns {Verdict[]} of the bars whose numbers were all measured and count
 */
export function judgeBars(cases) {
  /** @type {Lookup} */
  const look = (name, target, figure = 'median') => {
    const result = cases.find((one) => one.name === name)?.targets[target];
    return result?.status === 'measured' ? result[figure] : undefined;
  };
  const names = cases.map(({ name }) => name);
  return [
    ...ratesOf(look),
    ...timesOf(look),
    ...bulkOf(look, names),
    ...overloadOf(look),
    ...decisionsOf(look),
    ...costOf(look, names, 'many-apps'),
    ...costOf(look, names, 'many-connectors'),
    ...memoryOf(look, names),
  ];
}

/** @param {Lookup} look */
function ratesOf(look) {
  const name = 'get-1kib-256';
  const rate = divide(look(name, SIGNED_IN), look(name, 'nginx-ssh'));
  const p99 = divide(look(name, SIGNED_IN, 'p99Ms'), look(name, 'nginx-ssh', 'p99Ms'));
  const added = divide(look('get-1kib-1-added', SIGNED_IN), look('get-1kib-1-added', 'nginx-ssh'));
  return [
    ...atLeast(`${name}: requests/s / nginx-ssh`, SIGNED_IN, rate, 1),
    ...atMost(`${name}: p99 / nginx-ssh`, SIGNED_IN, p99, 1),
    ...atMost('get-1kib-1: added latency / nginx-ssh', SIGNED_IN, added, 2),
  ];
}

/** @param {Lookup} look */
function timesOf(look) {
  const direct = look('websocket-echo', 'direct');
  const echoLimit = direct === undefined ? undefined : direct * MAX_ECHO_FACTOR + MAX_ECHO_ADDED_MS;
  return BOTH.flatMap((target) => [
    ...(echoLimit === undefined ? [] : atMost('websocket-echo: ms', target, look('websocket-echo', target), echoLimit)),
    ...atMost('sse-delay: p99, ms', target, look('sse-delay-p99', target), 20),
    ...atMost('sse-delay: first byte p99, ms', target, look('sse-delay-first-byte-p99', target), 20),
  ]);
}

/**
 * @param {Lookup} look
 * @param {readonly string[]} names
 */
function bulkOf(look, names) {
  return names
    .filter((name) => /^(download|upload)-\d+[mg]b$/.test(name))
    .flatMap((name) =>
      BOTH.flatMap((target) =>
        atLeast(`${name}: MB/s / nginx-ssh`, target, divide(look(name, target), look(name, 'nginx-ssh')), 1),
      ),
    );
}

/** @param {Lookup} look */
function overloadOf(look) {
  return BOTH.flatMap((target) => [
    ...atLeast('overload: % of the peak kept', target, look('overload-kept', target), 80),
    ...atMost('overload: p99, ms', target, look('overload', target, 'p99Ms'), 10_000),
  ]);
}

/** @param {Lookup} look */
function decisionsOf(look) {
  return [
    ...atMost(
      'decision-latency: p99 with 195 policies, µs',
      SIGNED_IN,
      look('decision-latency-195-p99', SIGNED_IN),
      100,
    ),
    ...atMost('revocation: refusal p99, ms', SIGNED_IN, look('revocation-p99', SIGNED_IN), 1_000),
    ...atMost('revocation: WebSocket closed p99, ms', SIGNED_IN, look('revocation-websocket-p99', SIGNED_IN), 1_000),
  ];
}

/**
 * @param {Lookup} look
 * @param {readonly string[]} names
 * @param {string} stem
 */
function costOf(look, names, stem) {
  const sizes = names.filter((name) => name.startsWith(`${stem}-`)).map((name) => Number(name.slice(stem.length + 1)));
  const [fewest, most] = [Math.min(...sizes), Math.max(...sizes)];
  if (!(most > fewest)) return [];
  return BOTH.flatMap((target) => {
    const growth = divide(look(`${stem}-${most}`, target), look(`${stem}-${fewest}`, target));
    return atMost(`${stem}: cost at ${most} / at ${fewest}`, target, growth, 1.15);
  });
}

/**
 * @param {Lookup} look
 * @param {readonly string[]} names
 */
function memoryOf(look, names) {
  const sockets = names.filter((name) => name.startsWith('idle-websockets-'));
  const growth = names.filter((name) => name.endsWith('-memory-growth'));
  return BOTH.flatMap((target) => [
    ...sockets.flatMap((name) => atMost(`${name}: KiB/socket`, target, look(name, target), 40)),
    ...growth.flatMap((name) => atMost(`${name}: MiB`, target, look(name, target), 64)),
  ]);
}

/**
 * @param {number | undefined} upper
 * @param {number | undefined} lower
 */
function divide(upper, lower) {
  return upper === undefined || lower === undefined || lower <= 0 ? undefined : upper / lower;
}

/**
 * @param {string} bar
 * @param {string} target
 * @param {number | undefined} measured
 * @param {number} limit
 * @returns {Verdict[]}
 */
function atLeast(bar, target, measured, limit) {
  if (measured === undefined) return [];
  return [
    {
      bar: `${bar} ≥ ${round(limit)}`,
      target,
      measured: round(measured),
      limit: round(limit),
      holds: measured >= limit,
    },
  ];
}

/**
 * @param {string} bar
 * @param {string} target
 * @param {number | undefined} measured
 * @param {number} limit
 * @returns {Verdict[]}
 */
function atMost(bar, target, measured, limit) {
  if (measured === undefined) return [];
  return [
    {
      bar: `${bar} ≤ ${round(limit)}`,
      target,
      measured: round(measured),
      limit: round(limit),
      holds: measured <= limit,
    },
  ];
}

/** @param {number} value */
function round(value) {
  return Number(value.toFixed(3));
}
