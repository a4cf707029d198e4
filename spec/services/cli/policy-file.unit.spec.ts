import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { type PolicySetView, policyOutcome } from '#libs/contracts';
import { readPolicyFile } from '../../../services/cli/src/commands/policy-file.ts';
import { planPolicies } from '../../../services/cli/src/commands/policy-plan.ts';

const EMPTY: PolicySetView = { revision: 0, policies: [], locations: [], findings: [] };
const page = readFileSync(new URL('../../../docs/policies.md', import.meta.url), 'utf8');
const examples = [...page.matchAll(/```json\n(.*?)```/gs)].map(([, text = '']) => text);

describe('the examples of docs/policies.md', () => {
  for (const [index, policyIds, locationIds] of [
    [0, ['second-factor'], ['offices']],
    [
      1,
      ['payroll-on-managed-computers-in-working-hours', 'programs-from-the-offices-only', 'nobody-from-elsewhere'],
      ['offices', 'where-we-work'],
    ],
  ] as const)
    it(`are files that apply takes: ${policyIds[0]}`, () => {
      const { policies, locations } = readPolicyFile('policies.json', examples[index] ?? '', EMPTY);
      expect(policies.map(({ id }) => id)).to.deep.equal(policyIds);
      expect(locations.map(({ id }) => id)).to.deep.equal(locationIds);
      const { changes } = planPolicies(EMPTY, { policies, locations });
      expect(changes).to.have.length(policyIds.length + locationIds.length);
    });

  it('are all on trial: whoever copies one locks out nobody', () => {
    expect(examples).to.have.length(2);
    for (const example of examples) {
      const { policies } = readPolicyFile('policies.json', example, EMPTY);
      expect(policies.map(({ state }) => state)).to.deep.equal(policies.map(() => 'report-only'));
    }
  });

  it('find every decision that a policy on trial would have ended otherwise, and no other', () => {
    const [, pattern = ''] = / grep '(.*)'\n/.exec(page) ?? [];
    const lines = policyOutcome.shape.result.options.flatMap((result) =>
      [true, false].map((isReportOnly) =>
        JSON.stringify({ outcomes: [{ policyId: 'p', policyVersion: 1, isReportOnly, result, clauses: [] }] }),
      ),
    );
    const found = execFileSync('grep', [pattern], { input: lines.join('\n'), encoding: 'utf8' })
      .trim()
      .split('\n');
    const ends = (line: string) => /"result":"(unsatisfied|blocked|input-missing)"/.test(line);
    expect(found).to.deep.equal(lines.filter((line) => line.includes(':true,') && ends(line)));
    expect(found).to.have.length(3);
  });
});
