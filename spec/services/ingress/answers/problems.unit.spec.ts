import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { LANGUAGES } from '#libs/pages';
import type { DenialReason as AuthDenial } from '../../../../services/auth/src/preauth/denials.ts';
import { settingOptions } from '../../../../services/cli/src/commands/settings.ts';
import {
  denialProblem,
  KNOWN_REASONS,
  malformedProblem,
  signInProblem,
  staleCookieProblem,
} from '../../../../services/ingress/src/answers/problem-reasons.ts';
import { findProblem, MENDERS, PROBLEM_REASONS, problemOf } from '../../../../services/ingress/src/answers/problems.ts';
import { TEXTS } from '../../../../services/ingress/src/answers/texts/catalog.ts';
import type { DenialReason } from '../../../../services/ingress/src/answers/texts/texts.ts';

/** What was ever published. Lines are added, never changed and never taken out: people and programs rely on them. */
const PUBLISHED = [
  ['SP-1001', 'bad-request', 400],
  ['SP-1002', 'unknown-host', 404],
  ['SP-1003', 'unknown-path', 404],
  ['SP-1004', 'method-not-allowed', 405],
  ['SP-1005', 'target-too-long', 414],
  ['SP-1006', 'head-too-large', 431],
  ['SP-1007', 'request-timeout', 408],
  ['SP-1008', 'unsupported-encoding', 501],
  ['SP-1009', 'host-invalid', 400],
  ['SP-1010', 'host-mismatch', 400],
  ['SP-1011', 'length-invalid', 400],
  ['SP-1012', 'target-invalid', 400],
  ['SP-1013', 'target-traversal', 400],
  ['SP-1014', 'field-invalid', 400],
  ['SP-1015', 'body-malformed', 400],
  ['SP-1016', 'request-too-large', 413],
  ['SP-1017', 'version-unsupported', 505],
  ['SP-1018', 'request-too-slow', 408],
  ['SP-1019', 'expectation-failed', 417],
  ['SP-1101', 'app-limit-exceeded', 429],
  ['SP-1102', 'tenant-limit-exceeded', 429],
  ['SP-1103', 'records-full', 503],
  ['SP-1201', 'user-unauthenticated', 401],
  ['SP-1202', 'auth-unavailable', 503],
  ['SP-1203', 'user-unauthorized', 403],
  ['SP-1204', 'sign-in-failed', 403],
  ['SP-1205', 'cross-site-request', 403],
  ['SP-1206', 'session-expired', 401],
  ['SP-1207', 'sign-in-interrupted', 400],
  ['SP-1208', 'identity-provider-unavailable', 503],
  ['SP-1209', 'identity-rejected', 403],
  ['SP-1210', 'access-revoked', 403],
  ['SP-1211', 'app-retired', 403],
  ['SP-1212', 'cors-refused', 403],
  ['SP-1213', 'websocket-refused', 403],
  ['SP-1214', 'grpc-refused', 403],
  ['SP-1215', 'websocket-cross-site', 403],
  ['SP-1216', 'step-up-required', 401],
  ['SP-1217', 'policy-denied', 403],
  ['SP-1218', 'step-up-not-met', 403],
  ['SP-1219', 'groups-unknown', 403],
  ['SP-1220', 'token-refused', 401],
  ['SP-1221', 'token-insufficient', 403],
  ['SP-1222', 'credential-malformed', 400],
  ['SP-1223', 'sign-on-refused', 403],
  ['SP-1224', 'sign-on-unavailable', 503],
  ['SP-1301', 'directory-unavailable', 503],
  ['SP-1302', 'no-connector', 503],
  ['SP-1303', 'connector-unavailable', 503],
  ['SP-1304', 'connector-lost', 502],
  ['SP-1305', 'too-many-channels', 503],
  ['SP-1306', 'connector-unresponsive', 503],
  ['SP-1307', 'connector-draining', 503],
  ['SP-1308', 'connector-busy', 503],
  ['SP-1309', 'connector-silent', 502],
  ['SP-1310', 'tunnel-gap', 502],
  ['SP-1311', 'tunnel-violation', 502],
  ['SP-1312', 'connector-failed', 502],
  ['SP-1313', 'tunnel-stopped', 503],
  ['SP-1401', 'origin-dns', 502],
  ['SP-1402', 'origin-refused', 502],
  ['SP-1403', 'origin-tls', 502],
  ['SP-1404', 'origin-connect-timeout', 504],
  ['SP-1405', 'origin-unreachable', 502],
  ['SP-1406', 'origin-timeout', 504],
  ['SP-1407', 'origin-aborted', 502],
  ['SP-1408', 'origin-invalid', 502],
  ['SP-1409', 'origin-head-too-large', 502],
  ['SP-1410', 'kerberos-unavailable', 502],
  ['SP-1411', 'kerberos-delegation-refused', 502],
  ['SP-1412', 'kerberos-user-refused', 502],
  ['SP-1413', 'assertion-refused', 502],
  ['SP-1901', 'internal', 500],
  ['SP-1902', 'hub-unavailable', 503],
] as const;

/** Every reason of auth has words in every language: one that is missing does not compile. */
const SPOKEN: Readonly<Record<AuthDenial, DenialReason>> = {
  'app-unknown': 'app-unknown',
  'return-url-foreign': 'return-url-foreign',
  'sign-in-link-invalid': 'sign-in-link-invalid',
  'transaction-missing': 'transaction-missing',
  'transaction-invalid': 'transaction-invalid',
  'state-replayed': 'state-replayed',
  'ticket-invalid': 'ticket-invalid',
  'ticket-replayed': 'ticket-replayed',
  'ticket-of-another-app': 'ticket-of-another-app',
  'binding-missing': 'binding-missing',
  'session-ended': 'session-ended',
  'session-expired': 'session-expired',
  'identity-provider-unreachable': 'identity-provider-unreachable',
  'identity-provider-answer-invalid': 'identity-provider-answer-invalid',
  'identity-provider-refused': 'identity-provider-refused',
  'sign-in-response-invalid': 'sign-in-response-invalid',
  'state-mismatch': 'state-mismatch',
  'token-invalid': 'token-invalid',
  'step-up-not-met': 'step-up-not-met',
  'identity-provider-unknown': 'identity-provider-unknown',
  'provider-mismatch': 'provider-mismatch',
  'user-disabled': 'user-disabled',
};

const problems = PROBLEM_REASONS.map(problemOf);

describe('numbers of errors', () => {
  it('keep their meaning for ever', () => {
    expect(problems.map(({ code, reason, status }) => [code, reason, status])).to.deep.equal(PUBLISHED);
  });

  it('are unique, sorted and of a known family', () => {
    const codes = problems.map(({ code }) => code);
    expect(codes).to.deep.equal([...new Set(codes)].sort());
    for (const code of codes) expect(code).to.match(/^SP-1[012349][0-9]{2}$/);
  });

  it('say who can mend it, each once', () => {
    for (const { menders } of problems) {
      expect(menders.length).to.be.greaterThan(0);
      expect(menders).to.deep.equal([...new Set(menders)]);
      expect(MENDERS).to.include.members([...menders]);
    }
  });

  it('are found by what stands in an address, and nothing else is', () => {
    expect(findProblem('SP-1302')?.reason).to.equal('no-connector');
    expect(findProblem('sp-1302')?.reason).to.equal('no-connector');
    for (const text of ['', 'SP-1', 'SP-9999', '__proto__', 'SP-1302/', '../SP-1302'])
      expect(findProblem(text), text).to.equal(undefined);
  });

  it('stand for every reason that auth and the parsers give', () => {
    for (const [reason, key] of KNOWN_REASONS) expect(PROBLEM_REASONS, reason).to.include(key);
    for (const reason of Object.keys(SPOKEN).filter((it) => it !== 'identity-provider-refused'))
      expect(signInProblem(reason), reason).not.to.equal('sign-in-failed');
    expect([
      malformedProblem('new'),
      signInProblem('new'),
      denialProblem('new'),
      staleCookieProblem('new'),
    ]).to.deep.equal(['bad-request', 'sign-in-failed', 'user-unauthorized', 'session-expired']);
  });
});

describe('words of errors', () => {
  const commands = readFileSync(new URL('../../../../docs/reference/cli.md', import.meta.url), 'utf8');
  const known = new Set([...commands.matchAll(/^\| `([a-z-]+(?: [a-z-]+)?)/gm)].map(([, name = '']) => name));

  for (const language of LANGUAGES) {
    const texts = TEXTS[language];

    it(`are there for every number and no other, in ${language}`, () => {
      expect(Object.keys(texts.problems).sort()).to.deep.equal([...PROBLEM_REASONS].sort());
    });

    it(`are whole sentences in ${language}`, () => {
      for (const [reason, { title, detail, cause, look, ...text }] of Object.entries(texts.problems)) {
        expect(title, reason).to.match(/^\p{Lu}.*[^.]$/u);
        for (const sentence of [detail, cause, ...look, ...('advice' in text ? [text.advice] : [])])
          expect(sentence, reason).to.match(/\.$/);
        for (const item of [cause, ...look]) expect(item.split('`').length % 2, `${reason}: ${item}`).to.equal(1);
      }
    });

    it(`name commands that exist, in ${language}`, () => {
      const named = Object.values(texts.problems).flatMap(({ look, cause }) =>
        [cause, ...look].flatMap((item) => [...item.matchAll(/`sallyport ([a-z-]+)(?: ([a-z-]+))?/g)]),
      );
      expect(named.length).to.be.greaterThan(10);
      for (const [, noun = '', verb] of named)
        expect(known.has(noun) || known.has(`${noun} ${verb ?? ''}`), `${noun} ${verb}`).to.equal(true);
    });

    it(`name options that exist, in ${language}`, () => {
      const options = new Set([
        ...Object.keys(settingOptions),
        'passthrough',
        'retired',
        'all',
        'types',
        'request',
        'user',
        'role',
      ]);
      const named = Object.values(texts.problems).flatMap(({ look, cause }) =>
        [cause, ...look].flatMap((item) => [...item.matchAll(/(?:`| )--([a-z-]+)/g)].map(([, name = '']) => name)),
      );
      expect(named).to.include('origin-ca');
      for (const name of named) expect(options.has(name), name).to.equal(true);
    });
  }

  it('are not the same in two languages', () => {
    for (const reason of PROBLEM_REASONS) {
      expect(TEXTS.it.problems[reason].title).not.to.equal(TEXTS.en.problems[reason].title);
      expect(TEXTS.it.problems[reason].cause).not.to.equal(TEXTS.en.problems[reason].cause);
      expect(TEXTS.it.problems[reason].look.length).to.equal(TEXTS.en.problems[reason].look.length);
    }
  });
});

describe('a ticket that was not given', () => {
  const reasons = ['kerberos-unavailable', 'kerberos-delegation-refused', 'kerberos-user-refused'] as const;
  for (const reason of reasons)
    it(`is not told as a request that never went out, for a first try may have: ${reason}`, () => {
      for (const language of LANGUAGES)
        expect(TEXTS[language].problems[reason].detail).not.to.match(/not contacted|non è stata contattata/);
    });
});
