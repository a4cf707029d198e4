import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { until } from '../../libs/tunnel-protocol/tunnel-pair.ts';
import { findNatsServer } from '../../support/nats-server.ts';
import { ConnectorWorld } from './connector-world.ts';
import { ADMIN_TOKEN, configurationOf, USER_TOKEN } from './fake-service.ts';
import { originConfig, request, startOrigin } from './origin-world.ts';

const MAIN = join(import.meta.dirname, '../../../services/connector/src/main.ts');

/** A dead process that nobody has reaped yet does not run. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\tZ/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

type Ended = { readonly code: number | null; readonly stdout: string; readonly stderr: string };

describe('the connector as a process', function () {
  this.timeout(40_000);
  let world: ConnectorWorld;
  const children: ChildProcess[] = [];

  beforeEach(async () => {
    world = await ConnectorWorld.start();
  });
  afterEach(async () => {
    for (const child of children.splice(0)) child.kill('SIGTERM');
    await world.stop();
  });

  const start = (args: readonly string[], input = '') => {
    const child = spawn(process.execPath, ['--conditions=sallyport-source', '--import=tsx', MAIN, ...args], {
      stdio: ['pipe', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH, SALLYPORT_NATS_SERVER: findNatsServer() },
    });
    children.push(child);
    const seen = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk) => {
      seen.stdout += String(chunk);
    });
    child.stderr.on('data', (chunk) => {
      seen.stderr += String(chunk);
    });
    child.stdin.end(input);
    const ended = new Promise<Ended>((resolve) => {
      child.once('close', (code) => resolve({ code, ...seen }));
    });
    return { child, seen, ended };
  };
  const register = (token: string, ...more: string[]) => {
    const { url, caFile } = world.service;
    const own = ['--service', url, '--group', 'group-a', '--name', 'warehouse', '--state-dir', world.paths.directory];
    return start(['register', ...own, '--ca-file', caFile, '--token-stdin', ...more], `${token}\n`).ended;
  };

  it('registers, runs, serves, and leaves nothing running after SIGTERM', async () => {
    const origin = await startOrigin((_req, res) => res.end('inside'));
    world.service.configuration = configurationOf({ apps: [originConfig(origin.url)] });
    const registered = await register(ADMIN_TOKEN);
    expect(registered.code, registered.stderr).to.equal(0);
    expect(registered.stdout)
      .to.match(/Connector registered/)
      .and.match(/group-a/)
      .and.include('connector run');
    const running = start(['run', '--state-dir', world.paths.directory]);
    await until(() => running.seen.stdout.includes('"ready"'), 'the ready line', 20_000);
    expect(JSON.parse(running.seen.stdout)).to.include({ event: 'ready', service: 'connector', isLinked: true });
    expect((await world.pair.fetch(request('GET', '/'))).body.toString()).to.equal('inside');
    const leaf = Number(readFileSync(join(world.paths.run, 'leaf.pid'), 'utf8'));
    running.child.kill('SIGTERM');
    expect((await running.ended).code).to.equal(0);
    expect(isRunning(leaf)).to.equal(false);
    await origin.stop();
  });

  it('ends the leaf of a run that was killed, at its next start', async () => {
    expect((await register(ADMIN_TOKEN)).code).to.equal(0);
    const first = start(['run', '--state-dir', world.paths.directory]);
    await until(() => first.seen.stdout.includes('"ready"'), 'the ready line', 20_000);
    const orphan = Number(readFileSync(join(world.paths.run, 'leaf.pid'), 'utf8'));
    first.child.kill('SIGKILL');
    await first.ended;
    expect(isRunning(orphan)).to.equal(true);
    const second = start(['run', '--state-dir', world.paths.directory]);
    await until(() => second.seen.stdout.includes('"ready"'), 'the second ready line', 20_000);
    expect(second.seen.stderr).to.include('ending the leaf of an earlier run');
    await until(() => !isRunning(orphan), 'the end of the orphan');
    second.child.kill('SIGTERM');
    await second.ended;
  });

  it('ends with 77 and an untouched disk when the administrator is refused', async () => {
    const refused = await register(USER_TOKEN);
    expect(refused.code).to.equal(77);
    expect(refused.stderr).to.match(/not an administrator \(ERR_CONNECTOR_REFUSED\)/);
    expect(existsSync(world.paths.directory)).to.equal(false);
  });

  it('ends with 64 for wrong usage, 69 when the service is away, 78 without state', async () => {
    expect((await start(['register', '--service', 'http://x']).ended).code).to.equal(64);
    const away = [
      'register',
      '--service',
      'https://127.0.0.1:9',
      '--token-stdin',
      '--state-dir',
      world.paths.directory,
    ];
    expect((await start(away, ADMIN_TOKEN).ended).code).to.equal(69);
    const missing = await start(['run', '--state-dir', world.paths.directory]).ended;
    expect([missing.code, missing.stderr.includes('ERR_CONFIG')]).to.deep.equal([78, true]);
  });

  it('prints one JSON line when asked', async () => {
    const { stdout } = await register(ADMIN_TOKEN, '--json');
    expect(JSON.parse(stdout)).to.include({ event: 'registered', connectorId: 'con_spec', status: 'active' });
    rmSync(world.paths.directory, { recursive: true });
  });
});
