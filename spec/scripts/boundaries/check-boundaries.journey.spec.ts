import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { createTempProject, type TempProject } from '../support/temp-project.ts';

const PROJECT = fileURLToPath(new URL('../../../', import.meta.url));

describe('check-boundaries', () => {
  let project: TempProject;
  beforeEach(() => {
    project = createTempProject();
  });
  afterEach(() => project.remove());

  const run = () =>
    spawnSync(process.execPath, ['--import=tsx', 'scripts/check-boundaries.ts', project.root], {
      cwd: PROJECT,
      encoding: 'utf8',
    });

  it('passes a tree that keeps them', () => {
    project.write('libs/a/src/index.ts', "export { x } from './x.ts';\n");
    project.write('libs/a/src/x.ts', 'export const x = 1;\n');
    expect(run()).to.deep.include({ status: 0, stdout: '2 files, 0 violations\n' });
  });

  it('fails a tree that breaks one, with file, line, rule and remedy', () => {
    project.write('services/a/src/x.ts', "// first line\nexport { y } from '../../b/src/y.ts';\n");
    const { status, stdout } = run();
    expect(status).to.equal(1);
    expect(stdout).to.match(
      /^services\/a\/src\/x\.ts:2 {2}service-imports-service: .*\n {4}remedy: talk over a subject/,
    );
    expect(stdout).to.contain('1 files, 1 violations');
  });

  it('fails when there is nothing to check', () => {
    expect(run().status).to.equal(1);
  });
});
