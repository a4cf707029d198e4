import { readdirSync } from 'node:fs';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { failureOf, loadScript } from '../support/load-script.ts';
import { createTempProject, type TempProject } from '../support/temp-project.ts';

type Fetcher = (place: { workFolder: string }) => Promise<string>;
type Module = {
  FETCHERS: Readonly<Record<string, Fetcher>>;
  readonly findOrFetchPebble: (options: {
    env: Record<string, string>;
    root: string;
    log: (line: string) => void;
    fetchers: Readonly<Record<string, Fetcher>>;
  }) => Promise<{ path: string; version: string; source: string }>;
};

const { findOrFetchPebble, FETCHERS } = await loadScript<Module>('bootstrap/pebble.mjs');
const PEBBLE = 'test "$1" = -version && echo "Pebble version: dev"';
const OLD_PEBBLE = 'echo "flag provided but not defined: $1" >&2; exit 2';

describe('finding or fetching pebble', () => {
  let project: TempProject;
  let lines: string[];

  beforeEach(() => {
    project = createTempProject();
    lines = [];
  });
  afterEach(() => project.remove());

  const find = (env: Record<string, string>, fetchers: Readonly<Record<string, Fetcher>> = {}) =>
    findOrFetchPebble({
      root: project.root,
      env: { PATH: project.path('bin'), ...env },
      log: (line) => lines.push(line),
      fetchers,
    });
  const fetching: Fetcher = async ({ workFolder }) =>
    project.writeProgram(`${workFolder.slice(project.root.length + 1)}/fetched`, PEBBLE);

  it('takes the one that SALLYPORT_PEBBLE names, or none', async () => {
    project.writeProgram('bin/pebble', PEBBLE);
    const named = project.writeProgram('named', PEBBLE);
    expect(await find({ SALLYPORT_PEBBLE: named })).to.deep.include({ path: named, source: 'SALLYPORT_PEBBLE' });
    const failure = await failureOf(find({ SALLYPORT_PEBBLE: project.path('absent') }, { any: fetching }));
    expect(failure.code).to.equal('ERR_BOOTSTRAP_PEBBLE');
    expect(failure.tried).to.deep.equal([`${project.path('absent')} is absent or not executable`]);
  });

  it('passes over one too old to say its version, and another program of that name', async () => {
    const tool = project.writeProgram('.tools/pebble', PEBBLE);
    for (const [body, why] of [
      [OLD_PEBBLE, /-version did not answer as a pebble after 2\.4: flag provided but not defined/],
      ['echo "client 1.9"', /did not answer as a pebble after 2\.4: client 1\.9/],
    ] as const) {
      project.writeProgram('bin/pebble', body);
      expect(await find({})).to.deep.include({ path: tool, source: '.tools' });
      expect(lines.pop()).to.match(why);
    }
  });

  it('fetches into .tools once, and then finds it there', async () => {
    const path = project.path('.tools/pebble');
    expect(await find({}, { only: fetching })).to.deep.equal({ path, version: 'dev', source: 'only' });
    expect(readdirSync(project.path('.tools'))).to.deep.equal(['pebble']);
    expect(await find({})).to.deep.include({ path, source: '.tools' });
  });

  it('lists what was tried when none can be had, and one command that mends it', async () => {
    const failing: Fetcher = async () => {
      throw new Error('go is not on PATH');
    };
    const failure = await failureOf(find({}, { 'go install': failing }));
    expect(failure.message).to.equal('no pebble was found, and none could be fetched');
    expect(failure.tried).to.deep.equal([
      'PATH: no pebble',
      `.tools: ${project.path('.tools/pebble')} is absent or not executable`,
      'go install: go is not on PATH',
    ]);
    expect(failure.mend).to.match(/^GOBIN=\S+\.tools go install github\.com\/letsencrypt\/pebble\/\S+@v2\.10\.1$/);
  });

  it("tries Debian's package, then Go", () => {
    expect(Object.keys(FETCHERS)).to.deep.equal(['debian package', 'go install']);
  });
});
