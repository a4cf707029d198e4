import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import type { PolicySetView } from '#libs/contracts';
import { readPolicyFile } from '../../../services/cli/src/commands/policy-file.ts';
import { planPolicies } from '../../../services/cli/src/commands/policy-plan.ts';

const EMPTY: PolicySetView = { revision: 0, policies: [], locations: [], findings: [] };
const page = readFileSync(new URL('../../../docs/policies.md', import.meta.url), 'utf8');
const example = /```json\n(.*?)```/s.exec(page)?.[1] ?? '';

describe('the example of docs/policies.md', () => {
  it('is a file that apply takes', () => {
    const { policies, locations } = readPolicyFile('policies.json', example, EMPTY);
    expect(policies.map(({ id }) => id)).to.deep.equal([
      'second-factor',
      'payroll-on-managed-computers-in-working-hours',
      'nobody-from-elsewhere',
    ]);
    expect(locations.map(({ id }) => id)).to.deep.equal(['offices', 'where-we-work']);
    expect(planPolicies(EMPTY, { policies, locations }).changes).to.have.length(5);
  });

  it('has no policy that is on and asks for what is not known yet', () => {
    const { policies } = readPolicyFile('policies.json', example, EMPTY);
    const enforced = policies.filter(({ state }) => state === 'on');
    expect(enforced).to.have.length(1);
    for (const { conditions, grant } of enforced) {
      expect(conditions).to.not.have.any.keys('deviceStates', 'signInRisk', 'userRisk');
      expect(JSON.stringify(grant)).to.not.contain('compliant-device');
    }
  });
});
