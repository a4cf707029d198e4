import { howItEnded, lastWords, runCommand } from '../../bootstrap/run-command.mjs';
import { Checks } from '../suite.mjs';
import { debianVersion, requireProgram } from '../tools.mjs';

const TIMEOUT_MS = 60_000;
const GOOD_PROTOCOLS = new Set(['TLSv1.2', 'TLSv1.3']);
const AEAD = /GCM|CHACHA20|CCM/;

/** @type {import('../suite.mjs').Suite} */
export const sslscan = {
  name: 'sslscan',
  judges: 'TLS versions and cipher suites',
  limitMs: 90_000,
  run: async ({ env, passthrough }) => {
    const program = await requireProgram('sslscan', ['sslscan'], { env });
    const args = ['--no-colour', `--sni-name=${passthrough.host}`, `127.0.0.1:${passthrough.port}`];
    const run = await runCommand(program, args, { timeoutMs: TIMEOUT_MS });
    if (run.code !== 0) throw new Error(`sslscan ${howItEnded(run, TIMEOUT_MS)}: ${lastWords(run)}`);
    const checks = new Checks();
    const enabled = [...run.stdout.matchAll(/^(SSLv\d|TLSv1\.\d)\s+(enabled|disabled)/gm)];
    if (enabled.length === 0) throw new Error('it printed no protocols');
    for (const [, protocol = '', state] of enabled)
      checks.check((state === 'enabled') === GOOD_PROTOCOLS.has(protocol), `${protocol} is ${state}`);
    const ciphers = [...run.stdout.matchAll(/^(?:Preferred|Accepted)\s+(TLSv1\.\d)\s+\d+ bits\s+(\S+)/gm)];
    checks.check(ciphers.length > 0, 'no cipher suite was accepted');
    for (const [, protocol, cipher = ''] of ciphers)
      checks.check(AEAD.test(cipher), `${protocol} accepts ${cipher}, which is no AEAD`);
    checks.check(!/Compression enabled/.test(run.stdout), 'TLS compression is on');
    checks.check(!/Insecure session renegotiation/.test(run.stdout), 'insecure renegotiation');
    checks.check(!/[^t] vulnerable to heartbleed/.test(run.stdout), 'vulnerable to heartbleed');
    checks.notes.push(`accepted: ${ciphers.map(([, protocol, cipher]) => `${protocol} ${cipher}`).join(', ')}`);
    return checks.outcome(await debianVersion('sslscan'));
  },
};
