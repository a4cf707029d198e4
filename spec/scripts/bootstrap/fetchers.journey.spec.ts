import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { failureOf, loadScript } from '../support/load-script.ts';
import { createTempProject, natsServerBody, type TempProject } from '../support/temp-project.ts';

type Place = { readonly workFolder: string; readonly env: Record<string, string> };
type Modules = {
  readonly FETCHERS: Readonly<Record<string, (place: Place) => Promise<string>>>;
  readonly fetchFromDebian: (
    options: Place & { name: string; paths: { aptFolder: string; osReleasePath: string; keyring: string } },
  ) => Promise<string>;
  readonly installWithGo: (options: Place & { name: string; module: string; usualGo: string }) => Promise<string>;
  readonly fetchRelease: (options: Place & { releasesUrl: string }) => Promise<string>;
  readonly releaseFolder: (platform?: string, arch?: string) => string;
  readonly checksumOf: (sums: string, file: string) => string | undefined;
};

const { fetchFromDebian } = await loadScript<Modules>('bootstrap/debian-package.mjs');
const { installWithGo } = await loadScript<Modules>('bootstrap/go-install.mjs');
const { FETCHERS: natsServerFetchers } = await loadScript<Modules>('bootstrap/nats-server.mjs');
const { FETCHERS: pebbleFetchers } = await loadScript<Modules>('bootstrap/pebble.mjs');
const { fetchRelease, releaseFolder, checksumOf } = await loadScript<Modules>('bootstrap/release-archive.mjs');

let project: TempProject;
let place: Place;

beforeEach(() => {
  project = createTempProject();
  mkdirSync(project.path('work'));
  place = { workFolder: project.path('work'), env: { PATH: `${project.path('bin')}:/usr/bin:/bin` } };
});
afterEach(() => project.remove());

describe("a program from Debian's package of that name", () => {
  const name = 'nats-server';
  const paths = () => ({
    aptFolder: project.path('apt'),
    osReleasePath: project.path('os-release'),
    keyring: project.write('keyring.gpg', ''),
  });

  beforeEach(() => {
    project.write('os-release', 'PRETTY_NAME="Debian GNU/Linux 12"\nID=debian\nVERSION_CODENAME=bookworm\n');
    project.write('apt/sources.list', 'deb http://mirror.example/debian bookworm main\n');
    // The configuration file follows -c; its folder is the current one, as for the real apt-get.
    project.writeProgram(
      'bin/apt-get',
      `case "$*" in
        *update) grep -q "$FAIL_SUITE main" sources.list && { echo "E: no $FAIL_SUITE here" >&2; exit 100; }; exit 0;;
        *"download nats-server") cp sources.list apt.conf "$EVIDENCE"; touch nats-server_2.deb;;
      esac`,
    );
    project.writeProgram('bin/dpkg-deb', `mkdir -p "$3/usr/bin"; : > "$3/usr/bin/nats-server"`);
    mkdirSync(project.path('evidence'));
    place = { ...place, env: { ...place.env, EVIDENCE: project.path('evidence'), FAIL_SUITE: 'none' } };
  });

  it("uses the machine's mirror, a newer suite, the archive keyring and private apt state", async () => {
    const program = await fetchFromDebian({ name, ...place, paths: paths() });
    expect(program.startsWith(place.workFolder)).to.equal(true);
    expect(existsSync(program)).to.equal(true);
    const source = readFileSync(project.path('evidence/sources.list'), 'utf8');
    expect(source).to.equal(`deb [signed-by=${project.path('keyring.gpg')}] http://mirror.example/debian forky main\n`);
    const config = readFileSync(project.path('evidence/apt.conf'), 'utf8');
    for (const name of ['Dir::State::Lists', 'Dir::Cache', 'Dir::Etc::sourcelist']) {
      expect(config).to.match(new RegExp(`^${name} "${place.workFolder}`, 'm'));
    }
    expect(config).to.contain('Acquire::AllowInsecureRepositories "false";');
    expect(config).to.contain('#clear APT::Update::Post-Invoke;');
  });

  it('says when the package does not hold it', async () => {
    project.writeProgram(
      'bin/dpkg-deb',
      `mkdir -p "$3/usr/bin" "$3/nats-server/bin"; : > "$3/usr/bin/not-nats-server"`,
    );
    const failure = await failureOf(fetchFromDebian({ name, ...place, paths: paths() }));
    expect(failure.message).to.contain('nats-server_2.deb holds no nats-server');
  });

  it('goes on to sid when forky cannot be read', async () => {
    await fetchFromDebian({ name, ...place, env: { ...place.env, FAIL_SUITE: 'forky' }, paths: paths() });
    expect(readFileSync(project.path('evidence/sources.list'), 'utf8')).to.contain(' sid main');
  });

  it('says which mirror and suite failed, and why', async () => {
    project.writeProgram('bin/apt-get', 'echo "E: signature could not be verified" >&2; exit 100');
    const failure = await failureOf(fetchFromDebian({ name, ...place, paths: paths() }));
    expect(failure.message).to.match(/http:\/\/mirror\.example\/debian forky: .*exited with 100: E: signature/);
    expect(failure.message).to.match(/http:\/\/mirror\.example\/debian sid: /);
  });

  it('fetches nothing without the archive keyring', async () => {
    const failure = await failureOf(
      fetchFromDebian({ name, ...place, paths: { ...paths(), keyring: project.path('absent.gpg') } }),
    );
    expect(failure.message).to.match(/keyring .* is absent, so nothing could be verified/);
  });

  it('is not tried on another system, nor without a mirror', async () => {
    const where = paths();
    project.write('apt/sources.list', '');
    expect((await failureOf(fetchFromDebian({ name, ...place, paths: where }))).message).to.match(/no Debian mirror/);
    project.write('os-release', 'PRETTY_NAME="Fedora Linux 40"\nID=fedora\n');
    expect((await failureOf(fetchFromDebian({ name, ...place, paths: where }))).message).to.contain('Fedora Linux 40');
  });
});

describe('a program by go install', () => {
  const install = (usualGo = project.path('nowhere')) =>
    installWithGo({
      name: 'tool',
      module: 'example.com/tool@v1.2.3',
      workFolder: place.workFolder,
      env: { PATH: project.path('bin') },
      usualGo,
    });

  const pinned: readonly (readonly [string, Modules['FETCHERS'], string])[] = [
    ['nats-server', natsServerFetchers, 'github.com/nats-io/nats-server/v2@v2.15.1'],
    ['pebble', pebbleFetchers, 'github.com/letsencrypt/pebble/v2/cmd/pebble@v2.10.1'],
  ];
  for (const [program, fetchers, module] of pinned) {
    it(`is the pinned ${program}, compiled with everything private to the work folder`, async () => {
      project.writeProgram('bin/go', `echo "$1 $2 $GOBIN $GOPATH $GOCACHE" > "${project.path('called')}"`);
      expect(await fetchers['go install']?.(place)).to.equal(`${place.workFolder}/bin/${program}`);
      expect(readFileSync(project.path('called'), 'utf8').trim().split(' ')).to.deep.equal([
        'install',
        module,
        ...['bin', 'gopath', 'gocache'].map((name) => `${place.workFolder}/${name}`),
      ]);
    });
  }

  it("finds Go where its installer puts it, and passes on the compiler's last words", async () => {
    const go = project.writeProgram('usual/go', 'echo "go: no network" >&2; exit 1');
    expect((await failureOf(install(go))).message).to.match(/install .* exited with 1: go: no network/);
  });

  it('says when there is no Go', async () => {
    expect((await failureOf(install())).message).to.equal('go is not on PATH');
  });
});

describe('nats-server from the official release', () => {
  let server: Server;
  let files: Map<string, Buffer>;
  let releasesUrl: string;

  beforeEach(async () => {
    const folder = releaseFolder();
    project.writeProgram(`${folder}/nats-server`, natsServerBody('2.15.1'));
    spawnSync('tar', ['-czf', project.path('a.tar.gz'), '-C', project.root, folder]);
    const archive = readFileSync(project.path('a.tar.gz'));
    const sum = createHash('sha256').update(archive).digest('hex');
    files = new Map([
      [`/v2.15.1/${folder}.tar.gz`, archive],
      ['/v2.15.1/SHA256SUMS', Buffer.from(`${'0'.repeat(64)}  other.zip\n${sum}  ${folder}.tar.gz\n`)],
    ]);
    server = createServer((request, response) => {
      const body = files.get(request.url ?? '');
      response.writeHead(body === undefined ? 404 : 200, { connection: 'close' }).end(body);
    });
    await new Promise<void>((resolve) => {
      server.listen(0, '127.0.0.1', resolve);
    });
    releasesUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(() => {
    server.close();
  });

  it('is unpacked when its checksum matches', async () => {
    const program = await fetchRelease({ ...place, releasesUrl });
    expect(readFileSync(program, 'utf8')).to.contain('2.15.1');
  });

  it('is refused, and not unpacked, when a byte differs', async () => {
    const [name = '', archive = Buffer.alloc(0)] = [...files][0] ?? [];
    files.set(name, Buffer.concat([archive, Buffer.from('x')]));
    const failure = await failureOf(fetchRelease({ ...place, releasesUrl }));
    expect(failure.message).to.match(/has SHA-256 [0-9a-f]{64}, expected [0-9a-f]{64}/);
    expect(existsSync(project.path(`work/${releaseFolder()}`))).to.equal(false);
  });

  it('is refused when the release names no checksum for it, or does not answer', async () => {
    files.set('/v2.15.1/SHA256SUMS', Buffer.from('nothing\n'));
    expect((await failureOf(fetchRelease({ ...place, releasesUrl }))).message).to.match(/SHA256SUMS names no /);
    files.clear();
    expect((await failureOf(fetchRelease({ ...place, releasesUrl }))).message).to.match(/SHA256SUMS answered 404/);
  });

  it('is named after platform and processor as the project names it', () => {
    expect(releaseFolder('linux', 'x64')).to.equal('nats-server-v2.15.1-linux-amd64');
    expect(releaseFolder('darwin', 'arm64')).to.equal('nats-server-v2.15.1-darwin-arm64');
    expect(checksumOf(`${'a'.repeat(64)} *x.tar.gz`, 'x.tar.gz')).to.equal('a'.repeat(64));
    expect(checksumOf('zz  x.tar.gz', 'x.tar.gz')).to.equal(undefined);
  });
});
