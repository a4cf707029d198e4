import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { failureOf, loadScript } from '../support/load-script.ts';
import { createTempProject, type TempProject } from '../support/temp-project.ts';

type Unpack = (options: { readonly names: readonly string[]; readonly target: string }) => Promise<void>;
type Modules = {
  readonly missingOfKerberos: (root: string) => string | undefined;
  readonly findOrFetchKerberos: (options: {
    env: Record<string, string>;
    root: string;
    log: (line: string) => void;
    unpack: Unpack;
  }) => Promise<string>;
  readonly unpackFromDebian: (options: {
    names: readonly string[];
    always: readonly string[];
    workFolder: string;
    target: string;
    env: Record<string, string>;
    paths: { aptFolder: string; osReleasePath: string };
  }) => Promise<void>;
};

const { findOrFetchKerberos, missingOfKerberos } = await loadScript<Modules>('bootstrap/kerberos.mjs');
const { unpackFromDebian } = await loadScript<Modules>('bootstrap/debian-package.mjs');
const isOnThisMachine = missingOfKerberos('/') === undefined;

const FILES = [
  ...['krb5kdc', 'kadmin.local', 'kdb5_ldap_util', 'slapd', 'apache2'].map((name) => `usr/sbin/${name}`),
  'usr/bin/ldapmodify',
  'etc/ldap/schema/core.schema',
  'usr/share/doc/krb5-kdc-ldap/kerberos.schema.gz',
  'usr/lib/apache2/modules/mod_auth_gssapi.so',
  'usr/lib/ldap/back_mdb.so',
  'usr/lib/x86_64-linux-gnu/krb5/plugins/kdb/kldap.so',
];

describe('finding or fetching the programs of a Kerberos realm', () => {
  let project: TempProject;
  beforeEach(() => {
    project = createTempProject();
  });
  afterEach(() => project.remove());

  const fill = (folder: string, but?: string) => {
    for (const file of FILES.filter((one) => one !== but)) project.write(join(folder, file), '');
  };
  const unpacking: Unpack = async ({ target }) => fill(target.slice(project.root.length + 1));
  const find = (env: Record<string, string> = {}, unpack: Unpack = unpacking) =>
    findOrFetchKerberos({ env, root: project.root, log: () => undefined, unpack });

  it('takes the folder that SALLYPORT_KERBEROS names, or none', async () => {
    fill('named');
    expect(await find({ SALLYPORT_KERBEROS: project.path('named') })).to.equal(project.path('named'));
    fill('half', 'usr/lib/x86_64-linux-gnu/krb5/plugins/kdb/kldap.so');
    const failure = await failureOf(find({ SALLYPORT_KERBEROS: project.path('half') }));
    expect(failure.code).to.equal('ERR_BOOTSTRAP_KERBEROS');
    expect(failure.tried[0]).to.match(/kldap\.so is absent|linux-gnu/);
  });

  it('unpacks them into .tools once, and then finds them there', async function () {
    if (isOnThisMachine) this.skip();
    const path = project.path('.tools/kerberos');
    expect(await find()).to.equal(path);
    expect(readdirSync(project.path('.tools'))).to.deep.equal(['kerberos']);
    expect(await find({}, () => Promise.reject(new Error('again')))).to.equal(path);
  });

  it('keeps nothing that is not whole, says why, and what mends it', async function () {
    if (isOnThisMachine) this.skip();
    const half: Unpack = async ({ target }) => fill(target.slice(project.root.length + 1), 'usr/sbin/slapd');
    const failure = await failureOf(find({}, half));
    expect(failure.tried[0]).to.match(/debian packages: the packages hold no .*usr\/sbin\/slapd/);
    expect(failure.mend).to.match(/^apt-get install krb5-kdc krb5-kdc-ldap /);
    expect(readdirSync(project.path('.tools'))).to.deep.equal([]);
  });
});

describe("packages of the machine's own release, unpacked", () => {
  let project: TempProject;
  beforeEach(() => {
    project = createTempProject();
    mkdirSync(project.path('work'));
    project.write('os-release', 'PRETTY_NAME="Debian GNU/Linux 12"\nID=debian\nVERSION_CODENAME=bookworm\n');
    const keyring = '/usr/share/keyrings/debian-archive-keyring.gpg';
    project.write(
      'apt/sources.list',
      `deb [signed-by=${keyring}] http://mirror.example/debian bookworm main
deb [signed-by=${keyring}] http://mirror.example/debian-security bookworm-security main
deb [signed-by=/etc/vendor.gpg] http://vendor.example/apt stable main\n`,
    );
    project.writeProgram(
      'bin/apt-get',
      `case "$*" in
        *" -s "*) echo "Inst libnew (1 Debian)"; echo "Conf libnew";;
        *" download "*) shift 3; shift; for one in "$@"; do touch "$one.deb"; done;;
      esac`,
    );
    project.writeProgram('bin/dpkg-deb', 'mkdir -p "$3"; : > "$3/$(basename "$2" .deb)"');
  });
  afterEach(() => project.remove());

  const unpack = () =>
    unpackFromDebian({
      names: ['tool'],
      always: ['libold'],
      workFolder: project.path('work'),
      target: project.path('root'),
      env: { PATH: `${project.path('bin')}:/usr/bin:/bin` },
      paths: { aptFolder: project.path('apt'), osReleasePath: project.path('os-release') },
    });

  it('are those named and what they need, from sources that Debian signs, security updates too', async () => {
    await unpack();
    expect(readdirSync(project.path('root')).sort()).to.deep.equal(['libnew', 'libold', 'tool']);
    const lines = readFileSync(project.path('work/sources.list'), 'utf8').trim().split('\n');
    expect(lines.map((line) => line.split('] ')[1])).to.deep.equal([
      'http://mirror.example/debian bookworm main',
      'http://mirror.example/debian-security bookworm-security main',
    ]);
    expect(readFileSync(project.path('work/apt.conf'), 'utf8')).to.contain('AllowInsecureRepositories "false"');
  });

  it('are not tried on another system', async () => {
    project.write('os-release', 'PRETTY_NAME="Fedora Linux 40"\nID=fedora\n');
    expect((await failureOf(unpack())).message).to.contain('Fedora Linux 40');
    expect(existsSync(project.path('root'))).to.equal(false);
  });
});
