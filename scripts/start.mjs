#!/usr/bin/env node
// Brings up the whole system on this machine: packages, nats-server and build first, then the launcher takes over this
// very process. Nothing is written to stdout before that (progress goes to stderr), and with no process in between the
// launcher sees arguments, signals, terminal and exit code exactly as they come.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureBuilt } from './bootstrap/build.mjs';
import { BootstrapError, describeFailure } from './bootstrap/failure.mjs';
import { findOrFetchNatsServer } from './bootstrap/nats-server.mjs';
import { ensureNodeModules } from './bootstrap/node-modules.mjs';
import { endWithNpm } from './bootstrap/parent-watch.mjs';
import { exitOnSignal, PROJECT_ROOT, requireSupportedNode } from './bootstrap/project.mjs';

const LAUNCHER = join(PROJECT_ROOT, 'dist', 'services', 'launcher', 'src', 'main.js');

/** Exit code of a start that could not begin: something it needs is unavailable, and trying again may help. */
const EXIT_UNAVAILABLE = 69;

/** @returns {Promise<string>} path of the nats-server */
async function prepare() {
  requireSupportedNode();
  // The fetch needs no packages, so a first start does both at once.
  const steps = await Promise.allSettled([findOrFetchNatsServer(), ensureNodeModules().then(() => ensureBuilt())]);
  const failures = steps.flatMap((step) => (step.status === 'rejected' ? [step.reason] : []));
  if (failures.length > 0) throw new AggregateError(failures);
  const [natsServer] = steps;
  if (!existsSync(LAUNCHER)) {
    throw new BootstrapError('ERR_BOOTSTRAP_BUILD', `the build left no ${LAUNCHER}`, {
      mend: `rm -rf ${join(PROJECT_ROOT, 'dist')}`,
    });
  }
  return natsServer.status === 'fulfilled' ? natsServer.value.path : '';
}

const stopWatching = exitOnSignal();
try {
  process.env.SALLYPORT_NATS_SERVER = await prepare();
} catch (error) {
  const failures = error instanceof AggregateError ? error.errors : [error];
  for (const failure of failures) process.stderr.write(`sallyport: ${describeFailure(failure)}\n`);
  process.exit(EXIT_UNAVAILABLE);
}
stopWatching();
endWithNpm(process.env);
process.setSourceMapsEnabled(true);
process.argv = [process.execPath, LAUNCHER, ...process.argv.slice(2)];
await import(pathToFileURL(LAUNCHER).href);
