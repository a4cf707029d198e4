import { readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { errorPages } from '../../../scripts/reference/error-pages.ts';
import { PROBLEM_REASONS, problemOf } from '../../../services/ingress/src/answers/problems.ts';

const FOLDER = new URL('../../../docs/errors/', import.meta.url);

describe('documentation of errors', () => {
  const pages = errorPages();
  const codes = PROBLEM_REASONS.map((reason) => problemOf(reason).code);

  it('has one page for each number, on disk as in the source, and no other', () => {
    expect(readdirSync(FOLDER).sort()).to.deep.equal([...pages.keys()].sort());
    expect([...pages.keys()].sort()).to.deep.equal(['README.md', ...codes.map((code) => `${code}.md`)].sort());
    for (const [name, text] of pages) expect(readFileSync(new URL(name, FOLDER), 'utf8'), name).to.equal(text);
  });

  it('says of each what it means, who can mend it, what happened and what to look at', () => {
    for (const code of codes) {
      const page = pages.get(`${code}.md`) ?? '';
      expect(page).to.match(new RegExp(`^# ${code}: .+\\n`));
      for (const part of [
        '| HTTP status | Reason | Who can mend it |',
        '**Users are told:** ',
        '## What happened\n\n',
        '## What to look at\n\n- ',
      ])
        expect(page, code).to.contain(part);
      expect(page).not.to.contain('undefined');
    }
  });

  it('leads from the list to every page', () => {
    const list = pages.get('README.md') ?? '';
    for (const code of codes) expect(list.split(`[${code}](${code}.md)`), code).to.have.length(2);
  });

  it('names the reasons that stand in access records', () => {
    expect(pages.get('SP-1009.md')).to.contain('`host-invalid`, `host-missing`, `host-repeated`');
    expect(pages.get('SP-1308.md')).to.contain('`capacity`, `refused`');
    expect(pages.get('SP-1201.md')).to.contain('`user-unauthenticated`');
    expect(pages.get('SP-1203.md')).to.contain('`user-unassigned`');
  });
});
