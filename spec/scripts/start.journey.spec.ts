import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { isRunning, until } from './support/processes.ts';
import { createTempProject, natsServerBody, type TempProject } from './support/temp-project.ts';

const SCRIPTS = fileURLToPath(new URL('../../scripts/', import.meta.url));

/** A compiler that "compiles" a launcher which says what it was given, then waits for signals. */
const COMPILER = `
const { mkdirSync, writeFileSync } = require('node:fs');
mkdirSync('dist/services/launcher/src', { recursive: true });
writeFileSync('dist/services/launcher/src/main.js', \`
  let signals = 0;
  const onSignal = (signal) => { signals += 1; setTimeout(() => { console.log(JSON.stringify({ signal, signals })); process.exit(7); }, 100); };
  process.on('SIGTERM', onSignal).on('SIGINT', onSignal);
  const { SALLYPORT_NATS_SERVER } = process.env;
  console.log(JSON.stringify({ argv: process.argv.slice(1), natsServer: SALLYPORT_NATS_SERVER, cwd: process.cwd() }));
  setInterval(() => {}, 1000);
\`);`;

type Run = { readonly child: ChildProcess; readonly stdout: () => string; readonly stderr: () => string };

describe('npm start', () => {
  let project: TempProject;
  let natsServer: string;
  let running: ChildProcess | undefined;

  beforeEach(() => {
    project = createTempProject();
    cpSync(`${SCRIPTS}start.mjs`, project.path('scripts/start.mjs'));
    cpSync(`${SCRIPTS}bootstrap`, project.path('scripts/bootstrap'), { recursive: true });
    project.write('package.json', '{"type":"module"}');
    project.write('node_modules/typescript/package.json', '{"type":"commonjs"}');
    project.write('node_modules/typescript/bin/tsc', COMPILER);
    project.write('services/launcher/src/main.ts', '');
    const lock = '{"packages":{"":{}}}';
    project.write('package-lock.json', lock);
    project.write('node_modules/.package-lock.json', lock);
    natsServer = project.writeProgram('hub/nats-server', natsServerBody('2.15.1'));
  });
  afterEach(() => {
    running?.kill('SIGKILL');
    project.remove();
  });

  const start = (args: readonly string[], env: NodeJS.ProcessEnv = {}): Run => {
    const child = spawn(process.execPath, [project.path('scripts/start.mjs'), ...args], {
      cwd: tmpdir(),
      env: { PATH: '/usr/bin:/bin', SALLYPORT_NATS_SERVER: natsServer, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    return watch(child);
  };
  const watch = (child: ChildProcess): Run => {
    running = child;
    let out = '';
    let err = '';
    child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
      out += chunk;
    });
    child.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      err += chunk;
    });
    return { child, stdout: () => out, stderr: () => err };
  };
  const firstLine = async (run: Run) => {
    const closed = once(run.child, 'close').then(() => expect.fail(`it ended: ${run.stderr()}`));
    while (!run.stdout().includes('\n')) await Promise.race([closed, once(run.child.stdout ?? run.child, 'data')]);
    closed.catch(() => {});
    return JSON.parse(run.stdout()) as { argv: string[]; natsServer: string; cwd: string };
  };

  it('hands arguments, nats-server and working folder to the launcher, from wherever it is started', async () => {
    const run = start(['--json', '--data-dir', 'x y']);
    const seen = await firstLine(run);
    expect(seen.argv).to.deep.equal([
      project.path('dist/services/launcher/src/main.js'),
      '--json',
      '--data-dir',
      'x y',
    ]);
    expect(seen.natsServer).to.equal(natsServer);
    expect(seen.cwd).to.equal(tmpdir());
  });

  it('writes its own progress to stderr, so that stdout is left to the launcher', async () => {
    const run = start(['--json']);
    await firstLine(run);
    expect(run.stdout().trim().split('\n')).to.have.length(1);
    expect(run.stderr()).to.match(/sallyport: built in/);
  });

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`lets the launcher see ${signal} exactly once and ends with its exit code`, async () => {
      const run = start([]);
      await firstLine(run);
      run.child.kill(signal);
      const [code] = await once(run.child, 'close');
      expect(code).to.equal(7);
      expect(JSON.parse(run.stdout().trim().split('\n').at(-1) ?? '')).to.deep.equal({ signal, signals: 1 });
    });
  }

  it('asks the launcher to end, once, when npm is gone and its shell has passed nothing on', async () => {
    const script = project.path('scripts/start.mjs');
    const shell = spawn('/bin/sh', ['-c', `"${process.execPath}" "${script}"; true`], {
      env: { PATH: '/usr/bin:/bin', SALLYPORT_NATS_SERVER: natsServer, npm_lifecycle_event: 'start' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const run = watch(shell);
    await firstLine(run);
    shell.kill('SIGTERM');
    // The pipe closes when the launcher, its last holder, has ended.
    await once(shell, 'close');
    expect(JSON.parse(run.stdout().trim().split('\n').at(-1) ?? '')).to.deep.equal({ signal: 'SIGTERM', signals: 1 });
  });

  it('that cannot begin says why and how to mend it, on stderr, and ends with 69', async () => {
    const run = start(['--json'], { SALLYPORT_NATS_SERVER: project.path('absent') });
    const [code] = await once(run.child, 'close');
    expect(code).to.equal(69);
    expect(run.stdout()).to.equal('');
    expect(run.stderr()).to.match(/SALLYPORT_NATS_SERVER names no usable nats-server .*\n {2}- .*absent or not exec/);
    expect(run.stderr()).to.contain('to mend it: unset SALLYPORT_NATS_SERVER');
  });

  it('that is interrupted while preparing leaves no process and no lock that holds back the next', async () => {
    const pidFile = project.path('npm.pid');
    project.writeProgram('bin/npm', `echo $$ > ${pidFile}.part; mv ${pidFile}.part ${pidFile}; exec sleep 60`);
    project.write('node_modules/.package-lock.json', '{}');
    project.write('package-lock.json', '{"packages":{"":{},"node_modules/a":{"version":"1.0.0"}}}');
    const run = start([], { PATH: `${project.path('bin')}:/usr/bin:/bin` });
    await until(() => existsSync(pidFile));
    run.child.kill('SIGINT');
    const [code] = await once(run.child, 'close');
    expect(code).to.equal(130);
    await until(() => !isRunning(Number(readFileSync(pidFile, 'utf8'))));
    project.write('package-lock.json', '{"packages":{"":{}}}');
    project.write('node_modules/.package-lock.json', '{"packages":{"":{}}}');
    expect((await firstLine(start([]))).natsServer).to.equal(natsServer);
  });
});
