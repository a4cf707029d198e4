import { existsSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { failureOf, loadScript } from '../support/load-script.ts';
import { createTempProject, type TempProject } from '../support/temp-project.ts';

type Module = {
  readonly lockHash: (root: string, nodeMajor?: string) => string;
  readonly ensureNodeModules: (options: {
    root: string;
    env: Record<string, string>;
    log: (line: string) => void;
    timeoutMs?: number;
  }) => Promise<'current' | 'adopted' | 'installed'>;
};

const { ensureNodeModules, lockHash } = await loadScript<Module>('bootstrap/node-modules.mjs');

const lockOf = (version: string) =>
  JSON.stringify({ packages: { '': {}, 'node_modules/a': { version, integrity: 'sha512-a' } } });

describe('packages of the project', () => {
  let project: TempProject;
  let lines: string[];

  beforeEach(() => {
    project = createTempProject();
    lines = [];
    project.write('package-lock.json', lockOf('1.0.0'));
    project.writeProgram('bin/npm', `echo "$@" >> calls; rm -rf node_modules; mkdir node_modules`);
  });
  afterEach(() => project.remove());

  const ensure = (timeoutMs = 5_000) =>
    ensureNodeModules({
      root: project.root,
      env: { PATH: `${project.path('bin')}:/usr/bin:/bin` },
      log: (line) => lines.push(line),
      timeoutMs,
    });
  const callsOfNpm = () =>
    existsSync(project.path('calls')) ? readFileSync(project.path('calls'), 'utf8').trim().split('\n').length : 0;

  it('are installed when there are none, and not a second time', async () => {
    expect(await ensure()).to.equal('installed');
    expect(await ensure()).to.equal('current');
    expect(callsOfNpm()).to.equal(1);
    expect(readFileSync(project.path('calls'), 'utf8')).to.match(/^ci --include=dev /);
    expect(lines).to.have.length(2);
  });

  it('are installed again when package-lock.json changed', async () => {
    await ensure();
    project.write('package-lock.json', lockOf('1.0.1'));
    expect(await ensure()).to.equal('installed');
    expect(callsOfNpm()).to.equal(2);
  });

  it('are installed again for another major of Node.js', async () => {
    await ensure();
    project.write('node_modules/.package-lock.json', lockOf('1.0.0'));
    project.write('node_modules/.sallyport-lock', lockHash(project.root, '18'));
    expect(await ensure()).to.equal('installed');
  });

  it('are adopted when npm itself has installed just these', async () => {
    project.write('node_modules/.package-lock.json', lockOf('1.0.0'));
    expect(await ensure()).to.equal('adopted');
    expect(await ensure()).to.equal('current');
    expect(callsOfNpm()).to.equal(0);
  });

  it('are not adopted when one differs or is missing', async () => {
    project.write('node_modules/.package-lock.json', lockOf('0.9.0'));
    expect(await ensure()).to.equal('installed');
    project.write('node_modules/.package-lock.json', JSON.stringify({ packages: {} }));
    project.write('package-lock.json', lockOf('2.0.0'));
    expect(await ensure()).to.equal('installed');
  });

  it('are installed once when two starts need them together', async () => {
    const outcomes = await Promise.all([ensure(), ensure()]);
    expect([...outcomes].sort()).to.deep.equal(['current', 'installed']);
    expect(callsOfNpm()).to.equal(1);
  });

  describe('that npm ci refuses', () => {
    const refuse = (complaint: string) =>
      project.writeProgram(
        'bin/npm',
        `echo "$1" >> calls
         [ "$1" = ci ] || { rm -rf node_modules; mkdir node_modules; exit 0; }
         echo "npm error ${complaint}" >&2; exit 1`,
      );
    beforeEach(() => {
      const tool = { version: '1.0.0', optionalDependencies: { '@tool/other-platform': '1.0.0' } };
      project.write('package-lock.json', JSON.stringify({ packages: { 'node_modules/tool': tool } }));
    });

    it('for lacking builds of another platform are installed from the lock file as it stands', async () => {
      refuse('Missing: @tool/other-platform@ from lock file');
      expect(await ensure()).to.equal('installed');
      expect(readFileSync(project.path('calls'), 'utf8')).to.equal('ci\ninstall\n');
      expect(lines.join()).to.contain('npm install --no-save');
    });

    for (const complaint of [
      'Missing: left-pad@1.0.0 from lock file',
      "Invalid: lock file's tool@1.0.0 does not",
      'x',
    ]) {
      it(`for another reason are not installed: ${complaint}`, async () => {
        refuse(complaint);
        expect((await failureOf(ensure())).tried[0]).to.contain(complaint);
        expect(readFileSync(project.path('calls'), 'utf8')).to.equal('ci\n');
      });
    }
  });

  it("that cannot be installed fail with npm's last words and the command that mends it", async () => {
    project.writeProgram('bin/npm', 'echo "npm error network unreachable" >&2; exit 1');
    const failure = await failureOf(ensure());
    expect(failure.code).to.equal('ERR_BOOTSTRAP_NPM_CI');
    expect(failure.message).to.equal('npm ci exited with 1');
    expect(failure.tried).to.deep.equal(['npm error network unreachable']);
    expect(failure.mend).to.equal(`cd ${project.root} && npm ci`);
    expect(existsSync(project.path('node_modules/.sallyport-lock'))).to.equal(false);
  });

  it('whose install hangs are given up at the bound', async () => {
    project.writeProgram('bin/npm', 'exec sleep 60');
    expect((await failureOf(ensure(200))).message).to.equal('npm ci did not end within 200 ms');
  });
});
