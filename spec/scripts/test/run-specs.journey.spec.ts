import { readFileSync, symlinkSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { loadScript } from '../support/load-script.ts';
import { isRunning, until } from '../support/processes.ts';
import { createTempProject, type TempProject } from '../support/temp-project.ts';

type Step = {
  name: string;
  passed: number;
  failed: number;
  skipped: number;
  note?: string;
  failures?: string[];
};
type Modules = {
  readonly runSpecs: (options: {
    root: string;
    kind: 'unit' | 'broker' | 'journey';
    env: NodeJS.ProcessEnv;
    grep: string | undefined;
    write: (text: string) => void;
    timeoutMs?: number;
    exitGraceMs?: number;
  }) => Promise<Step>;
  readonly runChecks: (options: {
    root: string;
    env: NodeJS.ProcessEnv;
    checks: readonly { name: string; args: readonly string[] }[];
    write: (text: string) => void;
  }) => Promise<readonly Step[]>;
};

const { runSpecs } = await loadScript<Modules>('test/specs.mjs');
const { runChecks } = await loadScript<Modules>('test/checks.mjs');
const PROJECT = fileURLToPath(new URL('../../../', import.meta.url));

let project: TempProject;
let output: string;

beforeEach(() => {
  project = createTempProject();
  output = '';
  symlinkSync(`${PROJECT}node_modules`, project.path('node_modules'));
  project.write('package.json', '{"type":"module"}');
  project.write('.mocharc.json', readFileSync(`${PROJECT}.mocharc.json`, 'utf8'));
});
afterEach(() => project.remove());

const write = (text: string) => {
  output += text;
};

describe('one kind of specs', function () {
  this.timeout(30_000);
  const spec = (body: string) =>
    project.write(
      'spec/deep/a.unit.spec.ts',
      `import { it } from 'mocha';\nimport { spawn } from 'node:child_process';\n${body}`,
    );
  const run = (options: { kind?: 'unit' | 'broker'; grep?: string; timeoutMs?: number } = {}) =>
    runSpecs({
      root: project.root,
      kind: options.kind ?? 'unit',
      env: process.env,
      write,
      timeoutMs: options.timeoutMs ?? 20_000,
      exitGraceMs: 1_000,
      grep: options.grep,
    });

  it('is counted: passed, failed, skipped', async () => {
    spec(`it('a', () => {}); it('b', () => { throw new Error('why it failed'); }); it.skip('c', () => {});`);
    project.write('spec/b.broker.spec.ts', 'throw new Error("of another kind");');
    expect(await run()).to.deep.include({
      passed: 1,
      failed: 1,
      skipped: 1,
      failures: ['b: why it failed'],
    });
    expect(output).to.contain('why it failed');
  });

  it('gets a second try where it waits for real processes, which is told, and none where it does not', async () => {
    const flaky = `import { it } from 'mocha';\nlet tries = 0;\nit('a', () => { tries += 1; if (tries === 1) throw new Error('starved'); });`;
    project.write('spec/b.broker.spec.ts', flaky);
    expect(await run({ kind: 'broker' })).to.deep.include({ passed: 1, failed: 0, retried: ['a: starved'] });
    project.write('spec/a.unit.spec.ts', flaky);
    expect(await run()).to.deep.include({ passed: 0, failed: 1, failures: ['a: starved'] });
  });

  it('is narrowed by title', async () => {
    spec(`it('one (a)', () => {}); it('two', () => { throw new Error(); });`);
    const step = await run({ grep: '(a)' });
    expect(step, output).to.deep.include({ passed: 1, failed: 0 });
  });

  it('fails when there are no such specs', async () => {
    project.write('spec/b.broker.spec.ts', '');
    expect(await run()).to.deep.include({ passed: 0, failed: 1, note: 'no spec/**/*.unit.spec.ts found' });
  });

  it('fails when a spec cannot be loaded or asks for itself alone', async () => {
    spec(`import './absent.ts';`);
    expect(await run()).to.deep.include({ passed: 0, failed: 1 });
    spec(`it.only('a', () => {});`);
    expect((await run()).failed).to.equal(1);
  });

  it('fails when mocha dies half way', async () => {
    spec(`it('a', () => {}); it('b', () => process.kill(process.pid, 'SIGKILL'));`);
    const step = await run();
    expect(step.failed).to.equal(1);
    expect(step.note).to.contain('mocha was ended by SIGKILL').and.to.contain('mocha wrote no results');
  });

  it('fails when a spec leaves something open, and names it', async () => {
    spec(`import { createServer } from 'node:net';
it('a', (done) => { setInterval(() => {}, 1000); createServer().listen(0, '127.0.0.1', done); });`);
    const step = await run();
    expect(step).to.deep.include({ passed: 1, failed: 1 });
    expect(step.note).to.contain('a spec left something open: ');
    expect(step.note).to.match(/: (TCPServerWrap 1 Timeout 1|Timeout 1 TCPServerWrap 1)$/);
  });

  it('fails when mocha loops instead of exiting, and says that it does', async () => {
    spec(`it('a', () => process.on('exit', () => { for (;;); }));`);
    const step = await run();
    expect(step).to.deep.include({ passed: 1, failed: 1 });
    expect(step.note).to.match(/it is busy \(\d+ ms of processor time\) and nothing is open: a loop/);
  });

  for (const detached of [false, true]) {
    it(`fails when a spec leaves a ${detached ? 'detached ' : ''}process running, and ends it`, async () => {
      const pidFile = project.path('pid');
      spec(`import { writeFileSync } from 'node:fs';
it('a', () => { const child = spawn('sleep', ['60'], { detached: ${detached}, stdio: 'ignore' }); child.unref(); writeFileSync('${pidFile}', String(child.pid)); });`);
      const step = await run();
      const pid = Number(readFileSync(pidFile, 'utf8'));
      expect(step.note).to.equal(`specs left processes running: sleep (${pid})`);
      expect(step.failed).to.equal(1);
      await until(() => !isRunning(pid));
    });
  }

  it('fails at the bound when a spec never ends', async () => {
    spec(`import { describe } from 'mocha';
describe('x', function () { this.timeout(0); it('hangs', () => new Promise(() => { setInterval(() => {}, 1000); })); });`);
    const step = await run({ timeoutMs: 1_500 });
    expect(step.failed).to.equal(1);
    expect(step.note).to.contain('not done within 1500 ms');
  });
});

describe('checks', () => {
  it('all run, in the order of the list, and show the words of those that fail', async () => {
    const check = (name: string, code: string) => ({ name, args: ['-e', code] });
    const checks = [
      check('one', 'process.exit(0)'),
      check('two', 'console.log("a.ts:1 what is wrong"); process.exit(1)'),
      check('three', 'process.exit(0)'),
    ];
    const steps = await runChecks({ root: project.root, env: process.env, checks, write });
    expect(steps.map(({ name, passed, failed }) => [name, passed, failed])).to.deep.equal([
      ['one', 1, 0],
      ['two', 0, 1],
      ['three', 1, 0],
    ]);
    expect(output).to.contain('a.ts:1 what is wrong').and.to.contain('two exited with 1');
  });
});
