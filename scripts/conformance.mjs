#!/usr/bin/env node
// Runs the suites that others wrote to judge such systems against this one: see docs/conformance.md. Progress goes to
// stderr, the table to stdout. Everything it starts listens on 127.0.0.1 and ends with it.
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describeFailure } from './bootstrap/failure.mjs';
import { ensureNodeModules } from './bootstrap/node-modules.mjs';
import { UsageError } from './bootstrap/options.mjs';
import { logToStderr, PROJECT_ROOT, requireSupportedNode } from './bootstrap/project.mjs';
import { stopOnSignal } from './bootstrap/stop-on-signal.mjs';
import { parseConformanceArguments, usageOf } from './conformance/arguments.mjs';

const EXIT = { ok: 0, failed: 1, usage: 2, unavailable: 69 };
const SUITE_NAMES = [
  'malformed-requests',
  'mutations',
  'h1spec',
  'http-cache-tests',
  'testssl',
  'sslscan',
  'wapiti',
  'slowhttptest',
  'http2-requests',
  'http2-client',
  'http2-floods',
  'size-ladder',
  'server-sent-events',
  'websocket',
  'idle-websocket',
  'litmus',
  'git',
  'curl',
  'npm',
  'skopeo',
  'mediawiki',
];

/**
 * @param {import('./conformance/arguments.mjs').Options} options
 * @returns {Promise<number>} exit code
 */
async function conformance(options) {
  requireSupportedNode();
  await ensureNodeModules();
  // Only now are there packages for what these import.
  const { Children } = await import('./bench/children.mjs');
  const { describeMachine, readCommit } = await import('./bench/machine.mjs');
  const { writeDocument } = await import('./conformance/document.mjs');
  const { runSuites } = await import('./conformance/run-suites.mjs');
  const { renderTable } = await import('./conformance/table.mjs');
  const { startWorld } = await import('./conformance/world.mjs');
  const machine = describeMachine();
  const commit = await readCommit(PROJECT_ROOT);
  const date = new Date().toISOString().slice(0, 10);
  const folder = mkdtempSync(join(tmpdir(), 'sallyport-conformance-'));
  // Apache runs as another user and must reach its own folder below this one.
  chmodSync(folder, 0o711);
  const children = new Children();
  const cleanUp = async () => {
    await children.stopAll();
    rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
  };
  stopOnSignal(cleanUp);
  try {
    const context = await startWorld({ folder, children, env: process.env, log: logToStderr, options });
    const names = options.only.length === 0 ? SUITE_NAMES : SUITE_NAMES.filter((name) => options.only.includes(name));
    const results = await runSuites(names, context);
    process.stdout.write(`\n${renderTable(results)}\n`);
    const run = { date, machine, commit, results };
    if (options.jsonFile !== undefined) writeFileSync(options.jsonFile, `${JSON.stringify(run, null, 2)}\n`);
    if (options.writesDocument) writeDocument(run);
    return results.every(({ failed }) => failed === 0) ? EXIT.ok : EXIT.failed;
  } finally {
    await cleanUp();
  }
}

try {
  const options = parseConformanceArguments(process.argv.slice(2), SUITE_NAMES);
  if ('help' in options) process.stdout.write(usageOf(SUITE_NAMES));
  else process.exitCode = await conformance(options);
} catch (error) {
  const isUsage = error instanceof UsageError;
  const usage = usageOf(SUITE_NAMES);
  process.stderr.write(isUsage ? `sallyport: ${error.message}\n\n${usage}` : `sallyport: ${describeFailure(error)}\n`);
  process.exitCode = isUsage ? EXIT.usage : EXIT.unavailable;
}
