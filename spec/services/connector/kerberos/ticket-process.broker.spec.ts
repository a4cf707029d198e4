import { fork } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import { afterEach, beforeEach, describe, it } from 'mocha';
import { ticketProcessLauncher } from '../../../../services/connector/src/origins/kerberos/ticket-process.ts';
import { createTickets, type Tickets } from '../../../../services/connector/src/origins/kerberos/tickets.ts';
import { until } from '../../../support/until.ts';
import { silentLogger } from '../origin-world.ts';

const PROGRAM = fileURLToPath(new URL('../../../../services/connector/src/origins/kerberos/main.ts', import.meta.url));
const QUESTION = {
  user: { text: 'alice', kind: 'account' },
  service: { text: 'HTTP/wiki', kind: 'account' },
  mechanism: 'spnego',
} as const;

describe('the ticket process of a host', () => {
  let folder: string;
  let tickets: Tickets | undefined;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'sallyport-keytab-'));
  });
  afterEach(async () => {
    await tickets?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const writeKeytab = (mode: number) => {
    const keytab = join(folder, 'kerberos.keytab');
    writeFileSync(keytab, 'x');
    chmodSync(keytab, mode);
  };
  /** As on a host without the library: the loader finds something else first. */
  const withoutLibrary = () => {
    const libraries = join(folder, 'lib');
    mkdirSync(libraries);
    writeFileSync(join(libraries, 'libgssapi_krb5.so.2'), '');
    return { PATH: process.env.PATH, LD_LIBRARY_PATH: libraries };
  };
  const ask = async (environment: Readonly<Record<string, string | undefined>> = {}) => {
    const launch = ticketProcessLauncher({ secretsFolder: folder, environment });
    tickets = createTickets({ launch, logger: silentLogger });
    const answer = await tickets.ask(QUESTION);
    return answer.kind === 'refused' ? [answer.about, answer.text] : [];
  };

  it('does not run without a keytab, and says where it belongs', async () => {
    const [about, text] = await ask();
    expect(about).to.equal('domain');
    expect(text).to.match(
      /kerberos\.keytab cannot be read: put the keytab of the connector's account there, mode 0600/,
    );
  });

  it('does not run with a keytab that others can read', async () => {
    writeKeytab(0o640);
    expect((await ask())[1]).to.match(/is open to other users; run: chmod 600/);
  });

  it('does not run with a krb5.conf that others can write or read', async () => {
    writeKeytab(0o600);
    const configuration = join(folder, 'krb5.conf');
    writeFileSync(configuration, '');
    chmodSync(configuration, 0o622);
    expect((await ask(withoutLibrary()))[1]).to.match(
      /krb5\.conf is open to other users; run: chmod 600 .*krb5\.conf$/,
    );
    await tickets?.stop();
    chmodSync(configuration, 0o600);
    expect((await ask())[1]).not.to.match(/is open to other users/);
  });

  it('names the package to install when the library cannot be used', async () => {
    writeKeytab(0o600);
    const [about, text] = await ask(withoutLibrary());
    expect(about).to.equal('domain');
    expect(text).to.match(
      /^libgssapi_krb5\.so\.2 cannot be used on this host: install the Debian package libgssapi-krb5-2 \(/,
    );
  });

  it('answers a second question at once when the library cannot be used, and is gone by itself', async () => {
    writeKeytab(0o600);
    await ask(withoutLibrary());
    const startedAt = performance.now();
    const second = await tickets?.ask(QUESTION);
    expect(second?.kind === 'refused' && second.text).to.match(/cannot be used on this host/);
    expect(performance.now() - startedAt, 'milliseconds').to.be.below(1_000);
    const env = { PATH: process.env.PATH, LD_LIBRARY_PATH: join(folder, 'lib') };
    const child = fork(PROGRAM, [join(folder, 'kerberos.keytab')], {
      env,
      stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
    });
    expect(await once(child, 'exit')).to.deep.equal([0, null]);
  });

  it('that cannot be started at all is told as ended', async () => {
    writeKeytab(0o600);
    const ends: string[] = [];
    const launch = ticketProcessLauncher({ secretsFolder: folder, environment: {}, program: 'no\0path' });
    launch({ onMessage: () => undefined, onEnd: (how) => ends.push(how) });
    await until(() => ends.length > 0);
    expect(ends).to.have.length(1);
    expect(ends[0]).to.include('null bytes');
  });

  for (const said of [
    "{ kind: 'answer', id: 1 }",
    "{ kind: 'answer', id: 1, answer: { kind: 'token', token: 'AA\\r\\nX: y', keptForMs: 1 } }",
    "'ready'",
  ])
    it(`is ended when it says what nobody understands: ${said}`, async () => {
      writeKeytab(0o600);
      const program = join(folder, 'program.cjs');
      writeFileSync(program, `process.on('disconnect', () => process.exit()); process.send(${said});`);
      const [messages, ends]: [unknown[], string[]] = [[], []];
      const launch = ticketProcessLauncher({ secretsFolder: folder, environment: {}, program });
      const run = launch({ onMessage: (message) => messages.push(message), onEnd: (how) => ends.push(how) });
      await until(() => ends.length > 0).finally(() => run.kill());
      expect([messages, ends]).to.deep.equal([[], ['signal SIGKILL']]);
    });

  it('ends when the connector is gone, whatever it waits for', async function () {
    this.timeout(20_000);
    writeKeytab(0o600);
    const child = fork(PROGRAM, [join(folder, 'kerberos.keytab')], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] });
    const ended = once(child, 'exit');
    const [first] = await once(child, 'message');
    if (first.kind === 'ready') child.disconnect();
    const [code, signal] = await ended;
    expect([code, signal]).to.deep.equal(first.kind === 'ready' ? [null, 'SIGKILL'] : [0, null]);
  });
});
