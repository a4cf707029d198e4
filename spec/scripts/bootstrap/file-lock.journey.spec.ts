import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { failureOf, loadScript } from '../support/load-script.ts';
import { createTempProject, type TempProject } from '../support/temp-project.ts';

type Module = {
  readonly withFileLock: <T>(
    path: string,
    options: { maxWaitMs: number; onWait?: (owner: string) => void },
    work: () => Promise<T>,
  ) => Promise<T>;
};

const { withFileLock } = await loadScript<Module>('bootstrap/file-lock.mjs');

/** A process id that no process has any more. */
const deadPid = () => String(spawnSync('true').pid);

describe('lock of a bootstrap step', () => {
  let project: TempProject;
  beforeEach(() => {
    project = createTempProject();
  });
  afterEach(() => project.remove());

  it('lets one work at a time and is gone afterwards, also after a failure', async () => {
    let inside = 0;
    let most = 0;
    const work = async () => {
      inside += 1;
      most = Math.max(most, inside);
      await new Promise((resolve) => setImmediate(resolve));
      inside -= 1;
    };
    const lock = project.path('deep/step.lock');
    await Promise.all([1, 2, 3].map(() => withFileLock(lock, { maxWaitMs: 5_000 }, work)));
    expect(most).to.equal(1);
    await failureOf(withFileLock(lock, { maxWaitMs: 5_000 }, () => Promise.reject(new Error('no'))));
    expect(existsSync(lock)).to.equal(false);
  });

  it('is taken over, by one of all who wait, when its owner is gone', async () => {
    const lock = project.write('step.lock', `${deadPid()} token`);
    let inside = 0;
    let most = 0;
    const work = async () => {
      inside += 1;
      most = Math.max(most, inside);
      await new Promise((resolve) => setImmediate(resolve));
      inside -= 1;
    };
    await Promise.all([1, 2, 3, 4].map(() => withFileLock(lock, { maxWaitMs: 5_000 }, work)));
    expect(most).to.equal(1);
  });

  it('is waited for no longer than the bound, naming its owner and the command that mends it', async () => {
    const lock = project.write('step.lock', `${process.pid} token`);
    const owners: string[] = [];
    const options = { maxWaitMs: 150, onWait: (owner: string) => owners.push(owner) };
    const failure = await failureOf(withFileLock(lock, options, async () => 'never'));
    expect(failure.code).to.equal('ERR_BOOTSTRAP_LOCKED');
    expect(failure.message).to.contain(`process ${process.pid} has held ${lock} for more than 150 ms`);
    expect(failure.mend).to.equal(`rm ${lock}`);
    expect(owners).to.deep.equal([String(process.pid)]);
  });
});
