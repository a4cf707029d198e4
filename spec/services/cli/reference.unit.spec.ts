import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { describe, it } from 'mocha';
import { COMMON_OPTIONS } from '../../../services/cli/src/command.ts';
import { COMMANDS } from '../../../services/cli/src/command-table.ts';
import { usageOf } from '../../../services/cli/src/help.ts';

const page = readFileSync(new URL('../../../docs/reference/cli.md', import.meta.url), 'utf8');

describe('docs/reference/cli.md', () => {
  it('lists exactly the commands there are', () => {
    const listed = [...page.matchAll(/^\| `([a-z][^`]*)` \|/gm)].map(([, usage]) => usage);
    expect(listed).to.deep.equal(COMMANDS.map(usageOf));
  });
  it('names every option', () => {
    const options = [...COMMANDS.flatMap(({ options = {} }) => Object.keys(options)), ...Object.keys(COMMON_OPTIONS)];
    for (const option of new Set(options)) expect(page).to.contain(`\`--${option}\``);
  });
});
