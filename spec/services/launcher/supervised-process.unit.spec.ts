import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { type ProcessPlan, SupervisedProcess } from '../../../services/launcher/src/supervised-process.ts';
import { until } from '../../support/until.ts';

describe('supervised process', () => {
  let dir: string;
  let events: string[];
  const running: SupervisedProcess[] = [];
  beforeEach(() => {
    dir = mkdtempSync(join(tmpdir(), 'sallyport-child-'));
    events = [];
  });
  afterEach(async () => {
    await Promise.all(running.splice(0).map((process) => process.stop()));
    rmSync(dir, { recursive: true, force: true });
  });

  const supervise = (script: string, more: Partial<ProcessPlan> = {}) => {
    const plan: ProcessPlan = {
      name: 'child',
      command: process.execPath,
      args: ['-e', script],
      env: {},
      logFile: join(dir, 'child.log'),
      readyWhen: { kind: 'ready-line' },
      ...more,
    };
    const child = new SupervisedProcess(plan, (event) => events.push(event));
    running.push(child);
    return child;
  };
  const READY = `console.log(JSON.stringify({ event: 'ready', port: 1 }));`;

  it('is ready when it says so, and its output is kept', async () => {
    const line = await supervise(`console.error('hello'); ${READY} setInterval(() => {}, 1000)`).start();
    expect(line.port).to.equal(1);
    await until(() => readFileSync(join(dir, 'child.log'), 'utf8').includes('hello'));
  });

  it('tells the last lines of one that ends before it is ready', async () => {
    const failure = (await supervise(`console.error('no key'); process.exit(3)`)
      .start()
      .catch((error: unknown) => error)) as { code: string; message: string };
    expect(failure.code).to.equal('ERR_LAUNCHER_NOT_READY');
    expect(failure.message).to.contain('code 3').and.to.contain('no key');
  });

  it('gives up waiting for one that never is', async () => {
    const child = supervise('setInterval(() => {}, 1000)', { readyTimeoutMs: 100 });
    const failure = (await child.start().catch((error: unknown) => error)) as { message: string };
    expect(failure.message).to.contain('100 ms');
  });

  it('starts one again that ends by itself, but not one that says its configuration is wrong', async () => {
    await supervise(`${READY} setTimeout(() => process.exit(70), 20)`).start();
    await until(() => events.includes('restarted'));
    events = [];
    await supervise(`${READY} setTimeout(() => process.exit(78), 20)`).start();
    await until(() => events.includes('given-up'));
    expect(events).to.not.include('restarted');
  });

  it('stops one that does not listen to SIGTERM', async () => {
    const child = supervise(`process.on('SIGTERM', () => {}); ${READY} setInterval(() => {}, 1000)`, {
      stopTimeoutMs: 100,
    });
    await child.start();
    await child.stop();
    await child.stop();
    expect(events).to.deep.equal([]);
  });
});
