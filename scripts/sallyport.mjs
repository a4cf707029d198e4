#!/usr/bin/env node
// The command line `sallyport`: builds what is not built yet, then hands over to services/cli in this very process.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ensureBuilt } from './bootstrap/build.mjs';
import { BootstrapError, describeFailure } from './bootstrap/failure.mjs';
import { ensureNodeModules } from './bootstrap/node-modules.mjs';
import { exitOnSignal, PROJECT_ROOT, requireSupportedNode } from './bootstrap/project.mjs';

const CLI = join(PROJECT_ROOT, 'dist', 'services', 'cli', 'src', 'main.js');

/** Unavailable and retryable, as the exit codes of the command line itself. */
const EXIT_UNAVAILABLE = 4;

const stopWatching = exitOnSignal();
try {
  requireSupportedNode();
  await ensureNodeModules();
  await ensureBuilt();
  if (!existsSync(CLI))
    throw new BootstrapError('ERR_BOOTSTRAP_BUILD', `the build left no ${CLI}`, {
      mend: `rm -rf ${join(PROJECT_ROOT, 'dist')}`,
    });
} catch (error) {
  process.stderr.write(`sallyport: ${describeFailure(error)}\n`);
  process.exit(EXIT_UNAVAILABLE);
}
stopWatching();
process.setSourceMapsEnabled(true);
await import(pathToFileURL(CLI).href);
