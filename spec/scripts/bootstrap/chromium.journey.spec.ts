import { existsSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { failureOf, loadScript } from '../support/load-script.ts';
import { createTempProject, type TempProject } from '../support/temp-project.ts';

type Options = {
  env: Record<string, string>;
  root: string;
  log: (line: string) => void;
  uid: number;
  osReleasePath: string;
  listsFolder: string;
};
type Modules = {
  readonly ensureChromium: (options: Options) => Promise<string | undefined>;
  readonly aptInstall: (packages: readonly string[], options: Options) => Promise<void>;
};

const { ensureChromium } = await loadScript<Modules>('bootstrap/chromium.mjs');
const { aptInstall } = await loadScript<Modules>('bootstrap/apt-install.mjs');

let project: TempProject;
let lines: string[];

beforeEach(() => {
  project = createTempProject();
  lines = [];
  project.write('os-release', 'PRETTY_NAME="Debian GNU/Linux 12"\nID=debian\n');
  project.write('lists/mirror_Packages', '');
  // Installs by making a program of the package's name; knows no package before an update when `stale` exists.
  project.writeProgram(
    'bin/apt-get',
    `echo "$DEBIAN_FRONTEND $*" >> ${project.path('calls')}
     case "$*" in
       *update) rm -f ${project.path('stale')};;
       *install*) [ -e ${project.path('stale')} ] && { echo "E: Unable to locate package" >&2; exit 100; }
         for name; do :; done; [ "$name" = broken ] && { echo "E: broken" >&2; exit 100; }
         printf '#!/bin/sh\\n' > ${project.path('bin')}/$name; chmod +x ${project.path('bin')}/$name;;
     esac`,
  );
});
afterEach(() => project.remove());

const options = (env: Record<string, string> = {}): Options => ({
  env: { PATH: `${project.path('bin')}:/usr/sbin:/sbin:${project.path('coreutils')}`, ...env },
  root: project.root,
  log: (line) => lines.push(line),
  uid: 0,
  osReleasePath: project.path('os-release'),
  listsFolder: project.path('lists'),
});
const calls = () =>
  existsSync(project.path('calls')) ? readFileSync(project.path('calls'), 'utf8').trim().split('\n') : [];

beforeEach(() => {
  // The fake needs these two; a real Chromium of this machine must not be found beside them.
  for (const name of ['rm', 'chmod']) project.writeProgram(`coreutils/${name}`, `exec /bin/${name} "$@"`);
});

describe('Chromium for browser specs', () => {
  it('is the one that SALLYPORT_CHROMIUM names', async () => {
    const named = project.writeProgram('mine/chromium', '');
    project.writeProgram('bin/chromium', '');
    expect(await ensureChromium(options({ SALLYPORT_CHROMIUM: named }))).to.equal(named);
  });

  it('is refused when SALLYPORT_CHROMIUM names nothing that can be run', async () => {
    project.writeProgram('bin/chromium', '');
    const failure = await failureOf(ensureChromium(options({ SALLYPORT_CHROMIUM: project.path('none') })));
    expect(failure.code).to.equal('ERR_BOOTSTRAP_CHROMIUM');
    expect(failure.mend).to.equal('unset SALLYPORT_CHROMIUM');
  });

  it('is found on PATH under any of its names', async () => {
    const chrome = project.writeProgram('bin/google-chrome', '');
    expect(await ensureChromium(options())).to.equal(chrome);
    const chromium = project.writeProgram('bin/chromium', '');
    expect(await ensureChromium(options())).to.equal(chromium);
    expect(calls()).to.deep.equal([]);
  });

  it("is installed from Debian's package by root on Debian", async () => {
    expect(await ensureChromium(options())).to.equal(project.path('bin/chromium'));
    expect(calls()).to.have.length(1);
    expect(calls()[0]).to.match(/^noninteractive .* install -y --no-install-recommends chromium$/);
  });

  it('fails the run with the command to type for anyone but root, and on another system', async () => {
    const unprivileged = await failureOf(ensureChromium({ ...options(), uid: 1000 }));
    expect(unprivileged.code).to.equal('ERR_BOOTSTRAP_APT');
    expect(unprivileged.tried[0]).to.contain('not root');
    expect(unprivileged.mend).to.match(/^sudo sh -c 'apt-get update && apt-get install .* chromium'$/);
    project.write('os-release', 'PRETTY_NAME="Fedora Linux 40"\nID=fedora\n');
    expect((await failureOf(ensureChromium(options()))).tried[0]).to.contain('Fedora Linux 40, not Debian');
    expect(calls()).to.deep.equal([]);
  });

  it('is left out only when asked for, and loudly', async () => {
    expect(await ensureChromium(options({ SALLYPORT_SKIP_BROWSER: '1' }))).to.equal(undefined);
    expect(lines.join()).to.contain('SALLYPORT_SKIP_BROWSER=1: browser specs are SKIPPED');
    expect(calls()).to.deep.equal([]);
  });
});

describe('Debian packages for a test run', () => {
  it('need the package lists first when there are none', async () => {
    await aptInstall(['nginx-light'], { ...options(), listsFolder: project.path('empty') });
    expect(calls().map((line) => line.split(' ').at(-1))).to.deep.equal(['update', 'nginx-light']);
  });

  it('are tried again with new lists when the old ones do not do', async () => {
    project.write('stale', '');
    await aptInstall(['php-cli'], options());
    expect(calls().map((line) => line.split(' ').at(-1))).to.deep.equal(['php-cli', 'update', 'php-cli']);
  });

  it('that cannot be installed fail with what apt-get said', async () => {
    const failure = await failureOf(aptInstall(['broken'], options()));
    expect(failure.tried.join('\n')).to.match(/install .* broken exited with 100: E: broken/);
  });

  it('are named as packages, never as options', async () => {
    expect((await failureOf(aptInstall(['--allow-unauthenticated'], options()))).message).to.contain('not a Debian');
    expect((await failureOf(aptInstall([], options()))).message).to.contain('not a Debian package name');
    expect(calls()).to.deep.equal([]);
  });
});
