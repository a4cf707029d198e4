import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '../bootstrap/run-command.mjs';
import { SuiteUnavailable } from './suite.mjs';

const TRY_TIMEOUT_MS = 5_000;

/**
 * Programs that ask the system's resolver for names below .localhost, which need not know them (RFC 6761, 6.3), run with
 * a hosts file of their own in a mount namespace: the machine's stays as it is.
 * @param {{ folder: string }} context
 * @param {readonly string[]} names
 * @returns {Promise<readonly string[]>} to put before the command
 * @throws {SuiteUnavailable} where namespaces cannot be made
 */
export async function privateHosts({ folder }, names) {
  const file = join(folder, `hosts-${names[0]}`);
  writeFileSync(file, `127.0.0.1 localhost\n${names.map((name) => `127.0.0.1 ${name}\n`).join('')}`);
  const prefix = ['unshare', '--mount', 'sh', '-c', 'mount --bind "$0" /etc/hosts && exec "$@"', file];
  const tried = await runCommand('unshare', [...prefix.slice(1), 'true'], { timeoutMs: TRY_TIMEOUT_MS }).catch(
    () => undefined,
  );
  if (tried?.code === 0) return prefix;
  throw new SuiteUnavailable(
    `${names.join(', ')} may not resolve, and a private hosts file needs root; to run this suite: sudo npm run conformance`,
  );
}
