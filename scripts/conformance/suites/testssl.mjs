import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { runCommand } from '../../bootstrap/run-command.mjs';
import { Checks } from '../suite.mjs';
import { debianVersion, requireProgram } from '../tools.mjs';

const TIMEOUT_MS = 280_000;
const SEVERITIES = new Set(['LOW', 'MEDIUM', 'HIGH', 'CRITICAL', 'WARN']);

/** Findings that say what a development authority is, by their id, with the reason. */
const EXPLAINED = new Map([
  [/^DNS_CAArecord/, 'a name of .localhost has no CAA record'],
  [
    /^cert_(crlDistributionPoints|ocspURL|revocation|validityPeriod|extlifeSpan|notAfter|expirationStatus|must_staple)/,
    'a short-lived certificate of the development authority has no CRL or OCSP',
  ],
  [/^OCSP_stapling/, 'a short-lived certificate of the development authority has no OCSP'],
  [/^(cert_trust|cert_chain_of_trust)/, 'the development authority is not in the stores that testssl brings'],
  [/^security_headers/, "an app's own to send: the ingress adds none to what an app answers"],
  [/^engine_problem/, 'about the openssl that testssl runs with'],
  [/^(overall_grade|grade_cap_reason)/, 'follows from the findings above'],
]);

/** @type {import('../suite.mjs').Suite} */
export const testssl = {
  name: 'testssl',
  judges: 'TLS versions, ciphers, known holes, certificate, HSTS',
  limitMs: 300_000,
  run: async ({ env, folder, originPort, publish }) => {
    const program = await requireProgram('testssl', ['testssl.sh', 'bsdextrautils', 'bind9-dnsutils'], { env });
    const hsts = { maxAgeSeconds: 31_536_000, includeSubDomains: false };
    const front = await publish('strict-transport', `http://127.0.0.1:${originPort}/`, { hsts });
    const file = join(folder, 'testssl.json');
    const args = ['--quiet', '--color', '0', '--warnings', 'off', '--add-ca', front.caFile, '--ip', '127.0.0.1'];
    await runCommand(program, [...args, '--jsonfile', file, front.url], {
      timeoutMs: TIMEOUT_MS,
      env,
    });
    const findings = /** @type {{ id: string, severity: string, finding: string }[]} */ (
      JSON.parse(readFileSync(file, 'utf8'))
    );
    const checks = new Checks();
    /** @type {Map<string, string[]>} */
    const explained = new Map();
    for (const { id, severity, finding } of findings) {
      if (!SEVERITIES.has(severity)) {
        if (severity === 'OK') checks.passed += 1;
        continue;
      }
      const reason = [...EXPLAINED].find(([pattern]) => pattern.test(id))?.[1];
      if (reason === undefined) checks.fail(`${severity} ${id}: ${finding}`);
      else explained.set(reason, [...(explained.get(reason) ?? []), `${id} (${severity})`]);
    }
    for (const [reason, ids] of explained) checks.notes.push(`explained, ${reason}: ${ids.join(', ')}`);
    checks.notes.push('of an app whose HSTS is set to a year; it is off by default');
    return checks.outcome(await debianVersion('testssl.sh'));
  },
};
