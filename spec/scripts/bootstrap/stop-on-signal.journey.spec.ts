import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { until } from '../support/processes.ts';
import { createTempProject, type TempProject } from '../support/temp-project.ts';

const SCRIPT = fileURLToPath(new URL('../../../scripts/bootstrap/stop-on-signal.mjs', import.meta.url));

describe('a command that starts other programs', () => {
  let project: TempProject;
  let child: ChildProcess;
  let output: string;

  beforeEach(() => {
    project = createTempProject();
    output = '';
  });
  afterEach(() => {
    child.kill('SIGKILL');
    project.remove();
  });

  const start = async (cleanUp: string) => {
    const script = project.write(
      'command.mjs',
      `import { stopOnSignal } from '${SCRIPT}';
stopOnSignal(${cleanUp});
setInterval(() => {}, 1000);
console.log('ready');`,
    );
    child = spawn(process.execPath, [script], { stdio: ['ignore', 'pipe', 'pipe'] });
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk) => (output += String(chunk)));
    await until(() => output.includes('ready'));
  };

  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    it(`cleans up at ${signal}, and then ends as interrupted`, async () => {
      await start(`async () => console.log('cleaned up')`);
      child.kill(signal);
      expect(await once(child, 'exit')).to.deep.equal([130, null]);
      expect(output).to.contain('cleaned up');
    });
  }

  it('ends at once at the second signal', async () => {
    await start('() => new Promise(() => {})');
    child.kill('SIGINT');
    await until(() => output.includes('stopping what was started'));
    child.kill('SIGINT');
    expect(await once(child, 'exit')).to.deep.equal([130, null]);
  });
});
