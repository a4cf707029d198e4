#!/usr/bin/env node
// Every check the project has, as steps that all run: preparation, checks, unit, broker and journey specs. The last
// line is `N passed, N failed`, also when the run breaks down; the exit code is 0 only when nothing failed.
import { ensureBuilt } from './bootstrap/build.mjs';
import { ensureChromium } from './bootstrap/chromium.mjs';
import { describeFailure, reasonOf } from './bootstrap/failure.mjs';
import { findOrFetchKerberos } from './bootstrap/kerberos.mjs';
import { findOrFetchNatsServer } from './bootstrap/nats-server.mjs';
import { ensureNodeModules } from './bootstrap/node-modules.mjs';
import { endWithNpm } from './bootstrap/parent-watch.mjs';
import { findOrFetchPebble } from './bootstrap/pebble.mjs';
import { exitOnSignal, PROJECT_ROOT, requireSupportedNode } from './bootstrap/project.mjs';
import { KINDS, parseTestArguments, USAGE } from './test/arguments.mjs';
import { listChecks, runChecks } from './test/checks.mjs';
import { runSpecs } from './test/specs.mjs';
import { conclude, summarize, withNote } from './test/summary.mjs';

/** @typedef {import('./test/summary.mjs').StepResult} StepResult */

const EXIT_USAGE = 2;

/** @param {string} text */
const write = (text) => {
  process.stdout.write(text);
};

/**
 * A step of the preparation: counted only when it fails, since it proves nothing.
 * @template T
 * @param {StepResult[]} steps
 * @param {string} name
 * @param {() => Promise<T>} work
 * @returns {Promise<T | undefined>} undefined when it failed
 */
async function prepare(steps, name, work) {
  const startedAt = Date.now();
  try {
    return await work();
  } catch (error) {
    write(`FAIL  ${name}\n${describeFailure(error)}\n`);
    steps.push({ name, passed: 0, failed: 1, skipped: 0, durationMs: Date.now() - startedAt });
    return undefined;
  }
}

/**
 * @param {import('./test/arguments.mjs').TestArguments} options
 * @returns {Promise<StepResult[]>}
 */
async function runAll({ kinds, grep }) {
  /** @type {StepResult[]} */
  const steps = [];
  const root = PROJECT_ROOT;
  requireSupportedNode();
  if ((await prepare(steps, 'packages', () => ensureNodeModules())) === undefined) return steps;
  if (kinds.includes('checks')) {
    write('\nchecks\n');
    steps.push(...(await runChecks({ root, env: process.env, checks: listChecks(root), write })));
  }
  const specKinds = KINDS.filter((kind) => kind !== 'checks').filter((kind) => kinds.includes(kind));
  const env = await specEnvironment(steps, specKinds);
  const pebble = specKinds.includes('broker') ? await findPebble(steps) : {};
  if (pebble.path !== undefined) env.SALLYPORT_PEBBLE = pebble.path;
  const needsRealm = specKinds.includes('broker') || specKinds.includes('journey');
  const kerberos = needsRealm ? await findKerberos(steps) : {};
  if (kerberos.path !== undefined) env.SALLYPORT_KERBEROS = kerberos.path;
  for (const kind of specKinds) {
    write(`\n${kind} specs\n`);
    const step = await runSpecs({ root, kind, env, grep, write });
    const notes = kind === 'broker' ? [pebble.note, kerberos.note] : kind === 'journey' ? [kerberos.note] : [];
    steps.push(notes.reduce(withNote, step));
  }
  return steps;
}

/**
 * What could not be prepared has its own failed step; the specs run all the same, so that one cause hides no other.
 * @param {StepResult[]} steps
 * @param {readonly string[]} kinds
 * @returns {Promise<NodeJS.ProcessEnv>}
 */
async function specEnvironment(steps, kinds) {
  const env = { ...process.env };
  if (kinds.includes('broker') || kinds.includes('journey')) {
    const server = await prepare(steps, 'nats-server', () => findOrFetchNatsServer());
    if (server !== undefined) env.SALLYPORT_NATS_SERVER = server.path;
  }
  if (kinds.includes('journey')) {
    await prepare(steps, 'build', () => ensureBuilt());
    const chromium = await prepare(steps, 'chromium', () => ensureChromium());
    // Without a browser its specs skip themselves. That is no silent skip: the failed step above fails the run, unless
    // the person asked for it.
    if (chromium === undefined) env.SALLYPORT_SKIP_BROWSER = '1';
    else env.SALLYPORT_CHROMIUM = chromium;
  }
  return env;
}

/**
 * An ACME server is a convenience: where none can be had, its specs skip themselves and the summary says so. One that
 * the person named is used or fails the run.
 * @param {StepResult[]} steps
 * @returns {Promise<{ path?: string, note?: string }>}
 */
async function findPebble(steps) {
  if ((process.env.SALLYPORT_PEBBLE ?? '') !== '') {
    await prepare(steps, 'pebble', () => findOrFetchPebble());
    return {};
  }
  try {
    return { path: (await findOrFetchPebble()).path };
  } catch (error) {
    write(`\nACME specs will be skipped\n${describeFailure(error)}\n`);
    return { note: `ACME specs skipped: ${reasonOf(error)}` };
  }
}

/**
 * As with pebble: without a realm its specs skip themselves, and the summary says so.
 * @param {StepResult[]} steps
 * @returns {Promise<{ path?: string, note?: string }>}
 */
async function findKerberos(steps) {
  if ((process.env.SALLYPORT_KERBEROS ?? '') !== '') {
    await prepare(steps, 'kerberos', () => findOrFetchKerberos());
    return {};
  }
  try {
    return { path: await findOrFetchKerberos() };
  } catch (error) {
    write(`\nKerberos specs will be skipped\n${describeFailure(error)}\n`);
    return { note: `Kerberos specs skipped: ${reasonOf(error)}` };
  }
}

/** @returns {Promise<number>} exit code */
async function main() {
  let options;
  try {
    options = parseTestArguments(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${reasonOf(error)}\n\n${USAGE}\n`);
    return EXIT_USAGE;
  }
  if (options.help) {
    write(`${USAGE}\n`);
    return 0;
  }
  /** @type {StepResult[]} */
  let steps;
  try {
    steps = await runAll(options);
  } catch (error) {
    write(`${describeFailure(error)}\n`);
    steps = [{ name: 'test run', passed: 0, failed: 1, skipped: 0, durationMs: 0 }];
  }
  const { line, exitCode } = conclude(steps);
  write(`\n${summarize(steps)}\n\n${line}\n`);
  return exitCode;
}

exitOnSignal();
endWithNpm(process.env);
process.exitCode = await main();
