import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { type AddressInfo, connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import {
  ADMIN,
  APP_SPN,
  CONNECTOR,
  clientConfiguration,
  delegation,
  kdcConfiguration,
  OTHER_SPN,
  originConfiguration,
  PASSWORD,
  REALM,
  SUFFIX,
} from './kerberos-files.ts';
import { until } from './until.ts';

/**
 * An MIT KDC over LDAP, which alone knows constrained delegation, with alice, carol, bob (whose tickets may not be forwarded) and the
 * connector's account; and an Apache that signs in by Kerberos.
 */
export type KerberosRealm = {
  /** Of the connector: `kerberos.keytab` and `krb5.conf`. */
  readonly secretsFolder: string;
  /** Where the realm's own libraries lie, for the ticket process. */
  readonly environment: Readonly<Record<string, string>>;
  /** An origin with `X-Origin-User` in its answers; `/open/` is for everybody. */
  readonly originUrl: string;
  /** The same, which takes all requests of a connection for those of its first user. */
  readonly boundOriginUrl: string;
  /** The KDC takes requests and never answers, until `thaw`. */
  freeze(): void;
  thaw(): void;
  stop(): Promise<void>;
};

/** Of each package one; scripts/bootstrap/kerberos.mjs looks closer. */
const NEEDED = [
  'usr/sbin/krb5kdc',
  'usr/sbin/kdb5_ldap_util',
  'usr/sbin/kadmin.local',
  'usr/sbin/slapd',
  'usr/sbin/apache2',
  'usr/bin/ldapmodify',
  'usr/share/doc/krb5-kdc-ldap/kerberos.schema.gz',
  'usr/lib/apache2/modules/mod_auth_gssapi.so',
];

/**
 * What `SALLYPORT_KERBEROS` names, as `npm test` sets it; else the machine itself, else `.tools/kerberos`. Undefined when there is
 * none (docs/CONTRIBUTING.md).
 */
export function findKerberos(): string | undefined {
  const named = process.env.SALLYPORT_KERBEROS;
  if (named !== undefined && named !== '') return named;
  const own = fileURLToPath(new URL('../../.tools/kerberos', import.meta.url));
  return ['/', own].find((root) => NEEDED.every((path) => existsSync(join(root, path))));
}

export async function startKerberosRealm(root: string): Promise<KerberosRealm> {
  const realm = new Realm(root);
  try {
    await realm.start();
    return realm;
  } catch (error) {
    await realm.stop();
    throw error;
  }
}

class Realm implements KerberosRealm {
  readonly secretsFolder: string;
  readonly environment: Record<string, string>;
  originUrl = '';
  boundOriginUrl = '';
  readonly #root: string;
  readonly #folder = mkdtempSync(join(tmpdir(), 'sallyport-kerberos-'));
  readonly #libraries: string;
  readonly #children: ChildProcess[] = [];
  #kdc: ChildProcess | undefined;
  #ldapUrl = '';

  constructor(root: string) {
    this.#root = root;
    const lib = join(root, 'usr/lib');
    const machine = readdirSync(lib).find((name) => existsSync(join(lib, name, 'krb5/plugins/kdb/kldap.so')));
    this.#libraries = join(lib, machine ?? '');
    this.secretsFolder = this.#path('secrets');
    mkdirSync(this.secretsFolder, { mode: 0o700 });
    chmodSync(this.#folder, 0o755);
    this.environment = { LD_LIBRARY_PATH: this.#libraries, PATH: process.env.PATH ?? '' };
  }

  async start(): Promise<void> {
    await this.#startDirectory();
    await this.#startKdc();
    this.originUrl = await this.#startOrigin('origin', false);
    this.boundOriginUrl = await this.#startOrigin('bound', true);
  }

  freeze(): void {
    this.#kdc?.kill('SIGSTOP');
  }

  thaw(): void {
    this.#kdc?.kill('SIGCONT');
  }

  async stop(): Promise<void> {
    this.thaw();
    for (const child of this.#children.reverse()) await end(child);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #path(name: string): string {
    return join(this.#folder, name);
  }

  #env(): Record<string, string> {
    const own = { KRB5_CONFIG: this.#path('krb5.conf'), KRB5_KDC_PROFILE: this.#path('kdc.conf'), LC_ALL: 'C' };
    return { ...this.environment, LD_LIBRARY_PATH: `${this.#libraries}:${join(this.#libraries, 'krb5')}`, ...own };
  }

  #program(path: string): string {
    return join(this.#root, path);
  }

  #spawn(path: string, args: readonly string[]): ChildProcess {
    const child = spawn(this.#program(path), args, { env: this.#env(), stdio: 'ignore', cwd: this.#folder });
    child.on('error', () => undefined);
    this.#children.push(child);
    return child;
  }

  #run(path: string, args: readonly string[], input = ''): void {
    const done = spawnSync(this.#program(path), args, { env: this.#env(), input, encoding: 'utf8', timeout: 20_000 });
    if (done.status !== 0) throw new Error(`${path} ${args.join(' ')}: ${done.stderr} ${done.stdout}`);
  }

  async #startDirectory(): Promise<void> {
    const schema = gunzipSync(readFileSync(this.#program('usr/share/doc/krb5-kdc-ldap/kerberos.schema.gz')));
    writeFileSync(this.#path('kerberos.schema'), schema);
    mkdirSync(this.#path('data'));
    const included = ['core', 'cosine', 'inetorgperson'].map((name) => this.#program(`etc/ldap/schema/${name}.schema`));
    const lines = [
      ...[...included, this.#path('kerberos.schema')].map((file) => `include ${file}`),
      `modulepath ${this.#program('usr/lib/ldap')}`,
      'moduleload back_mdb.so',
      'database mdb',
      `suffix "${SUFFIX}"`,
      `rootdn "${ADMIN}"`,
      `rootpw ${PASSWORD}`,
      `directory ${this.#path('data')}`,
      'dbnosync',
    ];
    writeFileSync(this.#path('slapd.conf'), `${lines.join('\n')}\n`);
    const port = await freePort();
    this.#ldapUrl = `ldap://127.0.0.1:${port}`;
    this.#spawn('usr/sbin/slapd', ['-d', '0', '-f', this.#path('slapd.conf'), '-h', this.#ldapUrl]);
    await listening(port);
    this.#run(
      'usr/bin/ldapmodify',
      this.#ldapArgs('-a'),
      `dn: ${SUFFIX}\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: example\n`,
    );
  }

  #ldapArgs(...more: readonly string[]): readonly string[] {
    return ['-x', '-H', this.#ldapUrl, '-D', ADMIN, '-w', PASSWORD, ...more];
  }

  async #startKdc(): Promise<void> {
    const port = await freePort();
    writeFileSync(this.#path('krb5.conf'), clientConfiguration(port));
    const modules = { modules: join(this.#libraries, 'krb5/plugins/kdb'), ldapUrl: this.#ldapUrl };
    writeFileSync(this.#path('kdc.conf'), kdcConfiguration(this.#folder, port, modules));
    const secret = `${PASSWORD}\n${PASSWORD}\n`;
    this.#run('usr/sbin/kdb5_ldap_util', ['stashsrvpw', '-f', this.#path('service.keyfile'), ADMIN], secret);
    const created = ['create', '-subtrees', SUFFIX, '-r', REALM, '-s', '-P', 'spec-master'];
    this.#run('usr/sbin/kdb5_ldap_util', ['-D', ADMIN, '-w', PASSWORD, '-H', this.#ldapUrl, ...created]);
    const keytab = join(this.secretsFolder, 'kerberos.keytab');
    const commands = [
      ...['alice', 'bob', 'carol', 'service_only'].map((name) => `addprinc -pw ${PASSWORD} ${name}`),
      ...[CONNECTOR, APP_SPN, OTHER_SPN].map((name) => `addprinc -randkey ${name}`),
      `modprinc +ok_to_auth_as_delegate ${CONNECTOR}`,
      'modprinc -allow_forwardable bob',
      `ktadd -k ${keytab} ${CONNECTOR}`,
      `ktadd -k ${this.#path('app.keytab')} ${APP_SPN}`,
    ];
    this.#run('usr/sbin/kadmin.local', [], `${commands.join('\n')}\n`);
    chmodSync(keytab, 0o600);
    chmodSync(this.#path('app.keytab'), 0o644);
    writeFileSync(join(this.secretsFolder, 'krb5.conf'), clientConfiguration(port), { mode: 0o600 });
    this.#run('usr/bin/ldapmodify', this.#ldapArgs(), delegation());
    this.#kdc = this.#spawn('usr/sbin/krb5kdc', ['-n', '-P', this.#path('kdc.pid')]);
    await listening(port);
  }

  async #startOrigin(name: string, isBound: boolean): Promise<string> {
    const folder = this.#path(name);
    for (const path of ['', 'www', 'www/open']) mkdirSync(join(folder, path), { mode: 0o755 });
    writeFileSync(join(folder, 'www/index.html'), 'hello\n');
    writeFileSync(join(folder, 'www/open/index.html'), 'open\n');
    const port = await freePort();
    const configuration = originConfiguration({ folder, port, isBound, keytab: this.#path('app.keytab') }, this.#root);
    writeFileSync(join(folder, 'httpd.conf'), configuration);
    this.#spawn('usr/sbin/apache2', ['-DFOREGROUND', '-f', join(folder, 'httpd.conf')]);
    await listening(port);
    return `http://127.0.0.1:${port}/`;
  }
}

async function listening(port: number): Promise<void> {
  const tryIt = () =>
    new Promise<boolean>((resolve) => {
      const socket = connect(port, '127.0.0.1');
      socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
  await until(tryIt, { what: `port ${port}`, deadlineMs: 15_000 });
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  const gone = once(child, 'exit');
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
  await gone;
  clearTimeout(timer);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
