import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { failureOf, loadScript } from '../support/load-script.ts';
import { createTempProject, natsServerBody, type TempProject } from '../support/temp-project.ts';

type Fetcher = (place: { workFolder: string }) => Promise<string>;
type Module = {
  FETCHERS: Readonly<Record<string, Fetcher>>;
  readonly findOrFetchNatsServer: (options: {
    env: Record<string, string>;
    root: string;
    log: (line: string) => void;
    fetchers: Readonly<Record<string, Fetcher>>;
  }) => Promise<{ path: string; version: string; source: string }>;
};

const { findOrFetchNatsServer, FETCHERS } = await loadScript<Module>('bootstrap/nats-server.mjs');

describe('finding or fetching nats-server', () => {
  let project: TempProject;
  let lines: string[];
  let fetches: number;

  beforeEach(() => {
    project = createTempProject();
    lines = [];
    fetches = 0;
  });
  afterEach(() => project.remove());

  const fetcherOf =
    (version: string): Fetcher =>
    async ({ workFolder }) => {
      fetches += 1;
      return project.writeProgram(`${workFolder.slice(project.root.length + 1)}/fetched`, natsServerBody(version));
    };
  const failing =
    (reason: string): Fetcher =>
    async () => {
      throw new Error(reason);
    };
  const find = (env: Record<string, string>, fetchers: Readonly<Record<string, Fetcher>> = {}) =>
    findOrFetchNatsServer({
      root: project.root,
      env: { PATH: project.path('bin'), ...env },
      log: (line) => lines.push(line),
      fetchers,
    });

  it('takes the one that SALLYPORT_NATS_SERVER names before all others', async () => {
    const named = project.writeProgram('named/nats-server', natsServerBody('2.14.0'));
    project.writeProgram('bin/nats-server', natsServerBody('2.15.1'));
    expect(await find({ SALLYPORT_NATS_SERVER: named })).to.deep.equal({
      path: named,
      version: '2.14.0',
      source: 'SALLYPORT_NATS_SERVER',
    });
  });

  const unusable: readonly (readonly [string, string | undefined, RegExp])[] = [
    ['is too old', natsServerBody('2.12.3'), /is 2\.12\.3, expected 2\.14\.0 or newer: older hubs do not enforce/],
    ['is no nats-server', 'echo hello', /did not answer as a nats-server: hello/],
    ['fails', 'echo "nats-server: v2.15.1"; exit 3', /did not answer as a nats-server/],
    ['is absent', undefined, /is absent or not executable/],
  ];
  for (const [what, body, reason] of unusable) {
    it(`refuses, and takes nothing else, when the one that SALLYPORT_NATS_SERVER names ${what}`, async () => {
      const named = body === undefined ? project.path('nowhere') : project.writeProgram('named', body);
      project.writeProgram('bin/nats-server', natsServerBody('2.15.1'));
      const failure = await failureOf(find({ SALLYPORT_NATS_SERVER: named }, { any: fetcherOf('2.15.1') }));
      expect(failure.code).to.equal('ERR_BOOTSTRAP_NATS_SERVER');
      expect(failure.tried).to.have.length(1);
      expect(failure.tried[0]).to.match(reason).and.to.contain(named);
      expect(failure.mend).to.equal('unset SALLYPORT_NATS_SERVER');
      expect(fetches).to.equal(0);
    });
  }

  it('takes the one on PATH before the one in .tools', async () => {
    project.writeProgram('.tools/nats-server', natsServerBody('2.15.1'));
    const onPath = project.writeProgram('bin/nats-server', natsServerBody('2.14.2'));
    expect(await find({})).to.deep.equal({ path: onPath, version: '2.14.2', source: 'PATH' });
  });

  it('passes over an old one on PATH and says so', async () => {
    project.writeProgram('bin/nats-server', natsServerBody('2.9.10'));
    const tool = project.writeProgram('.tools/nats-server', natsServerBody('2.15.1'));
    expect(await find({})).to.deep.equal({ path: tool, version: '2.15.1', source: '.tools' });
    expect(lines.join('\n')).to.match(/passed over: PATH: .*bin\/nats-server is 2\.9\.10/);
  });

  it('says nothing when .tools holds a good one and PATH holds none', async () => {
    project.writeProgram('.tools/nats-server', natsServerBody('2.15.1'));
    expect((await find({})).source).to.equal('.tools');
    expect(lines).to.deep.equal([]);
  });

  it('fetches in order into .tools and leaves nothing of it there', async () => {
    project.write('.tools/.fetch-nats-server-of-a-killed-start/half', 'x');
    project.write('.tools/.fetch-other-that-runs/half', 'x');
    const found = await find({}, { first: failing('no network'), second: fetcherOf('2.15.1') });
    expect(found).to.deep.equal({ path: project.path('.tools/nats-server'), version: '2.15.1', source: 'second' });
    expect(readdirSync(project.path('.tools'))).to.deep.equal(['.fetch-other-that-runs', 'nats-server']);
    expect(readFileSync(found.path, 'utf8')).to.contain('2.15.1');
  });

  it('does not install what was fetched too old', async () => {
    const failure = await failureOf(find({}, { stale: fetcherOf('2.12.0') }));
    expect(failure.tried.join('\n')).to.match(/stale: .* is 2\.12\.0, expected 2\.14\.0 or newer/);
    expect(existsSync(project.path('.tools/nats-server'))).to.equal(false);
  });

  it('fetches once when two starts need it together', async () => {
    const fetchers = { slow: fetcherOf('2.15.1') };
    const found = await Promise.all([find({}, fetchers), find({}, fetchers)]);
    expect(fetches).to.equal(1);
    expect(found.map(({ source }) => source).sort()).to.deep.equal(['.tools', 'slow']);
  });

  it('lists everything that was tried, each with its reason, and one command that mends it', async () => {
    project.writeProgram('bin/nats-server', natsServerBody('2.9.10'));
    const failure = await failureOf(
      find({}, { 'debian package': failing('not Debian'), 'go install': failing('go is not on PATH') }),
    );
    expect(failure.message).to.equal('no nats-server 2.14.0 or newer was found, and none could be fetched');
    expect(failure.tried).to.have.length(4);
    expect(failure.tried[0]).to.match(/^PATH: .* is 2\.9\.10/);
    expect(failure.tried[1]).to.match(/^\.tools: .* is absent/);
    expect(failure.tried.slice(2)).to.deep.equal(['debian package: not Debian', 'go install: go is not on PATH']);
    expect(failure.mend).to.match(/^curl -fsSL https:\/\/\S+\.tar\.gz \| tar -xzf - .*\.tools/);
  });

  it("tries Debian's package, then Go, then the official release", () => {
    expect(Object.keys(FETCHERS)).to.deep.equal(['debian package', 'go install', 'official release']);
  });
});
