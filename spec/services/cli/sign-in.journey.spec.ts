import { statSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { decodeJwt } from 'jose';
import { after, before, describe, it } from 'mocha';
import { signInByForm } from '#libs/identity';
import { demoDirectory, type RunningIdentityProvider, startIdentityProvider } from '../../support/identity-provider.ts';
import { type CliWorld, startCliWorld } from './support.ts';

describe('sallyport login', () => {
  let world: CliWorld;
  let provider: RunningIdentityProvider;
  const admin = demoDirectory.users.find(({ directoryRoles }) => directoryRoles.length > 0);
  before(async () => {
    [world, provider] = await Promise.all([startCliWorld(), startIdentityProvider()]);
  });
  after(async () => {
    await Promise.all([world.stop(), provider.stop()]);
  });

  /** The identity provider has a CA of its own here, so it stands in for the system's. */
  const systemFile = () =>
    world.writeSystemFile({
      caFile: provider.caFile,
      localOperatorKeyFile: undefined,
      issuer: provider.issuer,
      clientId: provider.clientIds.cli,
      scope: `api://${provider.clientIds.api}/Sallyport.Manage`,
    });

  /** Plays the browser: signs in at the printed address and visits where that leads. */
  const signInAs = async (printed: string, change: (redirect: URL) => void = () => undefined) => {
    const authorizeUrl = /https:\/\/\S+/.exec(printed)?.[0] ?? '';
    const { username, password } = admin ?? { username: '', password: '' };
    const redirect = new URL(await signInByForm({ authorizeUrl, username, password, ca: provider.ca }));
    change(redirect);
    return fetch(redirect);
  };

  it('signs in with the browser and keeps the token for the next commands, mode 0600', async () => {
    systemFile();
    let browser: Promise<Response> | undefined;
    const ran = await world.run(['login'], {
      printError: (printed) => {
        browser = signInAs(printed);
      },
    });
    expect(ran.out, ran.err).to.match(/^signed in until 2\d{3}-/);
    expect(await (await browser)?.text()).to.equal('Signed in. Go back to the terminal.\n');
    expect(statSync(join(world.folder, '.config', 'sallyport', 'tokens.json')).mode & 0o777).to.equal(0o600);
    const token = await world.run(['token']);
    expect(decodeJwt(token.out.trim()).scp).to.equal('Sallyport.Manage');
  });

  it('takes a token for registering connectors as well', async () => {
    systemFile();
    const printError = (printed: string) => void signInAs(printed);
    const ran = await world.run(['token', '--for', 'register'], { printError });
    expect(decodeJwt(ran.out.trim()).scp).to.equal('Connector.Register');
    const again = await world.run(['token', '--for', 'register']);
    expect(again.out, 'from the cache').to.equal(ran.out);
  });

  it('ignores a redirect that carries another state', async () => {
    systemFile();
    const stop = new AbortController();
    let answered: number | undefined;
    const ran = await world.run(['login'], {
      signal: stop.signal,
      printError: (printed) => {
        if (!printed.includes('https://')) return;
        void signInAs(printed, (redirect) => redirect.searchParams.set('state', 'forged')).then((answer) => {
          answered = answer.status;
          stop.abort();
        });
      },
    });
    expect([answered, ran.code]).to.deep.equal([400, 3]);
  });

  it('says when the identity provider is away', async () => {
    systemFile();
    world.writeSystemFile({
      caFile: provider.caFile,
      localOperatorKeyFile: undefined,
      issuer: 'https://localhost:1/x',
      clientId: 'c',
      scope: 'api://a/b',
    });
    const ran = await world.run(['login']);
    expect(ran.code).to.equal(4);
    expect(ran.err).to.contain('identity provider https://localhost:1/x does not answer');
  });
});
