import { expect } from 'chai';
import { describe, it } from 'mocha';
import {
  compareSubjects,
  readDocumentedSubjects,
  requirePatterns,
} from '../../../scripts/subjects/compare-subjects.ts';

const PAGE = `
| Account | Holds |
|---|---|
| SYS | \`cmd.not.a.subject.of.the.first.column\` |

| Subject | For |
|---|---|
| \`cmd.*.auth.sign-out\` | sign out, see \`qry.*.other\` |
| \`tun.c.<connector>.{ingress}.*\` | down |
| \`prs.c.*\`, \`prs.d.*\` | two in one row |
| \`EVENTS\` | not a subject |
`;

describe('subjects of broker/SUBJECTS.md', () => {
  it('are the patterns in backticks of a first column, placeholders counting as wildcards', () => {
    expect(readDocumentedSubjects(PAGE)).to.deep.equal(['cmd.*.auth.sign-out', 'tun.c.*.*.*', 'prs.c.*', 'prs.d.*']);
  });

  const built = ['cmd.*.auth.sign-out', 'tun.c.*.*.*', 'prs.c.*', 'prs.d.*'];

  it('match the code when both say the same', () => {
    expect(compareSubjects([{ path: 'a.ts', patterns: built }], PAGE)).to.deep.equal([]);
  });

  it('lack a subject that the code builds', () => {
    const problems = compareSubjects([{ path: 'a.ts', patterns: [...built, 'qry.*.new'] }], PAGE);
    expect(problems).to.deep.equal([
      { pattern: 'qry.*.new', message: 'is built by a.ts but absent from broker/SUBJECTS.md' },
    ]);
  });

  it('hold a subject that no code builds', () => {
    const problems = compareSubjects([{ path: 'a.ts', patterns: built.slice(1) }], PAGE);
    expect(problems.map(({ pattern }) => pattern)).to.deep.equal(['cmd.*.auth.sign-out']);
  });

  for (const exported of [{}, { PATTERNS: [] }, { PATTERNS: 'cmd.a' }, { PATTERNS: [1] }]) {
    it(`are not compared with ${JSON.stringify(exported)}: that would prove nothing`, () => {
      expect(() => requirePatterns(exported, 'PATTERNS')).to.throw('PATTERNS is not exported');
    });
  }
});
