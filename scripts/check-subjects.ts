// Proves that broker/SUBJECTS.md and the subjects the code builds are the same, in both directions.
import { existsSync, readFileSync } from 'node:fs';
import * as contracts from '#libs/contracts';
import { type AggregateRef, subjectOf } from '#libs/events';
import * as tunnelProtocol from '#libs/tunnel-protocol';
import { compareSubjects, requirePatterns } from './subjects/compare-subjects.ts';

const document = new URL('../broker/SUBJECTS.md', import.meta.url);

/** The pattern of every fact's subject, from what the builder makes of known tokens. */
function factPattern(): string {
  const ref: AggregateRef = { tenant: 'tenant', type: { context: 'context', thing: 'thing', facts: {} }, id: 'id' };
  const given = new Set(['tenant', 'context', 'thing', 'id']);
  const tokens = subjectOf(ref).split('.');
  return tokens.map((token) => (given.has(token) ? '*' : token)).join('.');
}

function check(): readonly string[] {
  if (!existsSync(document)) return ['broker/SUBJECTS.md is absent: write down every subject there'];
  const sources = [
    { path: 'libs/events', patterns: [factPattern()] },
    { path: 'libs/contracts/src/subjects.ts', patterns: requirePatterns(contracts, 'SUBJECT_PATTERNS') },
    {
      path: 'libs/tunnel-protocol/src/subjects.ts',
      patterns: requirePatterns(tunnelProtocol, 'TUNNEL_SUBJECT_PATTERNS'),
    },
  ];
  const mismatches = compareSubjects(sources, readFileSync(document, 'utf8'));
  return mismatches.map(({ pattern, message }) => `\`${pattern}\` ${message}`);
}

function problemsOrReason(): readonly string[] {
  try {
    return check();
  } catch (error) {
    return [error instanceof Error ? error.message : String(error)];
  }
}

const problems = problemsOrReason();
for (const problem of problems) process.stdout.write(`${problem}\n`);
process.stdout.write(`${problems.length} problems\n`);
process.exitCode = problems.length > 0 ? 1 : 0;
