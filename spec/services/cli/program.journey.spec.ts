import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { type CliWorld, startCliWorld } from './support.ts';

const PROGRAM = fileURLToPath(new URL('../../../scripts/sallyport.mjs', import.meta.url));

describe('scripts/sallyport.mjs', () => {
  let world: CliWorld;
  const children: ChildProcess[] = [];
  before(async () => {
    world = await startCliWorld();
  });
  after(async () => {
    for (const child of children) if (child.exitCode === null) child.kill('SIGKILL');
    await world.stop();
  });

  const start = (argv: readonly string[]) => {
    const child = spawn(process.execPath, [PROGRAM, ...argv], { cwd: world.folder, stdio: ['ignore', 'pipe', 'pipe'] });
    children.push(child);
    const seen = { out: '', err: '' };
    child.stdout.on('data', (chunk) => {
      seen.out += String(chunk);
    });
    child.stderr.on('data', (chunk) => {
      seen.err += String(chunk);
    });
    return { child, seen, exit: once(child, 'exit').then(([code]) => code as number | null) };
  };

  it('builds what is not built, runs the command line, and keeps its exit codes', async function () {
    this.timeout(120_000);
    const help = start(['--help']);
    expect([await help.exit, help.seen.out.split('\n')[0]]).to.deep.equal([0, 'Usage: sallyport <command> [options]']);
    expect(await start(['nonsense']).exit).to.equal(2);
    expect(await start(['status', '--data-dir', 'nowhere']).exit).to.equal(4);
  });

  it('finds the system in the current folder', async function () {
    this.timeout(120_000);
    world.answer(() => ({ body: { apps: [], next: null } }));
    const list = start(['apps', 'list']);
    expect(await list.exit, list.seen.err).to.equal(0);
    expect(list.seen.out).to.equal('no apps: publish one with `sallyport publish <internal-url>`\n');
  });

  it('ends a command that hangs with Ctrl-C as interrupted', async function () {
    this.timeout(120_000);
    let list: ReturnType<typeof start> | undefined;
    world.answer(() => {
      list?.child.kill('SIGINT');
      return { neverAnswers: true };
    });
    list = start(['apps', 'list']);
    expect(await list.exit, list.seen.err).to.equal(130);
  });

  it('ends a tail with Ctrl-C as done', async function () {
    this.timeout(120_000);
    let tail: ReturnType<typeof start> | undefined;
    world.answer(({ headers }) => {
      if (headers.accept === 'application/json') return { body: { events: [], next: 0, head: 0 } };
      // It follows now: the moment a person would press Ctrl-C.
      tail?.child.kill('SIGINT');
      return { lines: [] };
    });
    tail = start(['events', 'tail', '--after', '0']);
    expect(await tail.exit, tail.seen.err).to.equal(0);
  });
});
