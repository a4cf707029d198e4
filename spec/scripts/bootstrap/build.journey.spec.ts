import { existsSync, readFileSync, rmSync, utimesSync } from 'node:fs';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { failureOf, loadScript } from '../support/load-script.ts';
import { createTempProject, type TempProject } from '../support/temp-project.ts';

type Module = {
  readonly ensureBuilt: (options: { root: string; log: (line: string) => void }) => Promise<'current' | 'built'>;
};

const { ensureBuilt } = await loadScript<Module>('bootstrap/build.mjs');

/** Stands for the compiler: one .js per .ts. */
const COMPILER = `
const { readdirSync, mkdirSync, writeFileSync } = require('node:fs');
for (const name of readdirSync('libs', { recursive: true }).filter((one) => one.endsWith('.ts'))) {
  const out = 'dist/libs/' + name.replace(/ts$/, 'js');
  mkdirSync(require('node:path').dirname(out), { recursive: true });
  writeFileSync(out, '');
}`;

describe('build of the project', () => {
  let project: TempProject;
  beforeEach(() => {
    project = createTempProject();
    project.write('node_modules/typescript/bin/tsc', COMPILER);
    project.write('libs/a/src/index.ts', '');
    project.write('services/s/src/page.html', '<p>');
    project.write('services/s/README.md', '#');
    project.write('broker/streams/events.json', '{}');
  });
  afterEach(() => project.remove());

  const build = () => ensureBuilt({ root: project.root, log: () => {} });

  it('compiles once and copies assets to the same place under dist', async () => {
    expect(await build()).to.equal('built');
    expect(await build()).to.equal('current');
    expect(existsSync(project.path('dist/libs/a/src/index.js'))).to.equal(true);
    expect(readFileSync(project.path('dist/services/s/src/page.html'), 'utf8')).to.equal('<p>');
    expect(existsSync(project.path('dist/broker/streams/events.json'))).to.equal(true);
    expect(existsSync(project.path('dist/services/s/README.md'))).to.equal(false);
  });

  it('compiles again when a source changes, comes, goes or an asset changes', async () => {
    await build();
    utimesSync(project.path('libs/a/src/index.ts'), 1, 1);
    expect(await build()).to.equal('built');
    project.write('libs/b/src/index.ts', '');
    expect(await build()).to.equal('built');
    project.write('services/s/src/page.html', '<p>more');
    expect(await build()).to.equal('built');
    expect(readFileSync(project.path('dist/services/s/src/page.html'), 'utf8')).to.equal('<p>more');
    rmSync(project.path('libs/b/src/index.ts'));
    expect(await build()).to.equal('built');
    expect(existsSync(project.path('dist/libs/b/src/index.js'))).to.equal(false);
    expect(existsSync(project.path('dist/libs/a/src/index.js'))).to.equal(true);
  });

  it("fails with the compiler's words and is tried again at the next start", async () => {
    project.write('node_modules/typescript/bin/tsc', 'console.log("a.ts(1,1): error TS1"); process.exit(2);');
    for (const _ of [1, 2]) {
      const failure = await failureOf(build());
      expect(failure.code).to.equal('ERR_BOOTSTRAP_BUILD');
      expect(failure.tried).to.deep.equal(['a.ts(1,1): error TS1']);
      expect(failure.mend).to.equal(`cd ${project.root} && npm run typecheck`);
    }
  });

  it('compiles once when two starts need it together', async () => {
    expect((await Promise.all([build(), build()])).sort()).to.deep.equal(['built', 'current']);
  });
});
