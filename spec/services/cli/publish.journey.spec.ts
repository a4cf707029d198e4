import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { completeUrl, nameOf } from '../../../services/cli/src/commands/publish.ts';
import { APP, type Asked, type CliWorld, CONNECTOR, type FakeAnswer, startCliWorld, text } from './support.ts';

/** An API that publishes and assigns; `refusal` answers the publication in place of it. */
function publishing(refusal?: FakeAnswer): (asked: Asked) => FakeAnswer {
  let app = APP;
  return ({ method, path, body }) => {
    if (method === 'POST' && path === 'apps') {
      if (refusal) return refusal;
      const { name, preauthentication } = { ...APP, ...(body as Partial<typeof APP>) };
      app = { ...APP, name, preauthentication };
      return { status: 201, body: app };
    }
    if (method === 'PUT') {
      const [, kind, id = ''] = /assignments\/(\w+)\/(.+)$/.exec(path) ?? [];
      app = kind === 'users' ? { ...app, users: [...app.users, id] } : { ...app, groups: [...app.groups, id] };
      return { body: app };
    }
    if (path === 'connectors') return { body: { connectors: [CONNECTOR] } };
    if (path.startsWith('apps?')) return { body: { apps: [APP], next: null } };
    return undefined;
  };
}

describe('sallyport publish', () => {
  let world: CliWorld;
  before(async () => {
    world = await startCliWorld();
  });
  after(() => world.stop());

  it('publishes an address in one line and boxes the external URL', async () => {
    world.writeSystemFile();
    world.answer(publishing());
    const ran = await world.run(['publish', 'http://localhost:3000']);
    expect(ran).to.deep.equal({
      code: 0,
      err: '',
      out: text`
        ┌───────────────────────────────────────────────────────────────────────┐
        │ localhost-3000 is published                                           │
        │                                                                       │
        │ https://localhost-3000.sallyport.localhost:8443/                      │
        │                                                                       │
        │ leads to  http://localhost:3000/                                      │
        │ sign-in   required                                                    │
        │ may open  ada, bob (all demo users, for this is a development system) │
        └───────────────────────────────────────────────────────────────────────┘
      `,
    });
    expect(world.asked[0]).to.deep.include({
      method: 'POST',
      path: 'apps',
      body: { name: 'localhost-3000', internalUrl: 'http://localhost:3000' },
    });
    expect(world.asked.filter(({ method }) => method === 'PUT').map(({ path }) => path)).to.deep.equal([
      'apps/app_1/assignments/users/oid-ada',
      'apps/app_1/assignments/users/oid-bob',
    ]);
  });

  it('assigns nobody by itself in a system with a real directory', async () => {
    world.writeSystemFile({ developmentUsers: undefined });
    world.answer(publishing());
    const ran = await world.run(['publish', 'http://localhost:3000']);
    world.writeSystemFile();
    expect(ran.out).to.contain('may open  nobody yet: sallyport apps assign app_1 --user <id>');
    expect(world.asked.some(({ method }) => method === 'PUT')).to.equal(false);
  });

  it('assigns whom it is told, demo users by name', async () => {
    world.answer(publishing());
    const ran = await world.run(['publish', '3000', '--assign', 'bob', '--assign', 'oid-x', '--assign-group', 'g1']);
    expect(ran.out).to.contain('may open  bob, oid-x, group g1');
    expect(
      world.asked.filter(({ method }) => method === 'PUT').map(({ path }) => path.split('/').slice(-2)),
    ).to.deep.equal([
      ['users', 'oid-bob'],
      ['users', 'oid-x'],
      ['groups', 'g1'],
    ]);
  });

  it('sends every setting in the words of the API', async () => {
    world.answer(publishing());
    const argv =
      'publish localhost:1 --name Wiki --external-url https://w.sallyport.localhost/ --passthrough --timeout long';
    const more =
      '--cookie-same-site none --cookie-persistent on --translate-headers off --validate-certificate off --json';
    const ran = await world.run([...argv.split(' '), ...more.split(' ')]);
    expect(ran.code, ran.err).to.equal(0);
    expect(world.asked[0]?.body).to.deep.equal({
      name: 'Wiki',
      internalUrl: 'http://localhost:1',
      externalUrl: 'https://w.sallyport.localhost/',
      backendTimeoutSeconds: 'long',
      translateHeaders: false,
      validateBackendCertificate: false,
      cookieFlags: { persistent: true, sameSite: 'none' },
      preauthentication: 'passthrough',
    });
    expect(JSON.parse(ran.out)).to.include({ id: 'app_1', name: 'Wiki' });
  });

  it('says so when the same address was published before, and nothing else is asked', async () => {
    const refusal = {
      status: 409,
      body: { code: 'ERR_APP_DUPLICATE_URL', detail: 'taken by app_1', retryable: false },
    };
    world.answer(publishing(refusal));
    const again = await world.run(['publish', 'http://localhost:3000']);
    expect([again.code, again.out.includes('localhost-3000 was published before')]).to.deep.equal([0, true]);
    const other = await world.run(['publish', 'http://localhost:3000', '--timeout', '10']);
    expect(other).to.deep.equal({ code: 3, out: '', err: 'sallyport: taken by app_1 [ERR_APP_DUPLICATE_URL]\n' });
  });

  it('warns when no connector could serve the app', async () => {
    const base = publishing();
    world.answer((asked) => (asked.path === 'connectors' ? { body: { connectors: [] } } : base(asked)));
    const ran = await world.run(['publish', 'http://localhost:3000']);
    expect(ran.out).to.contain('No connector of group default is online: the app cannot be reached yet.');
  });

  it('signs its calls with the key of the local operator', async () => {
    world.answer(publishing());
    await world.run(['publish', 'http://localhost:3000', '--assign-nobody']);
    const [, payload = ''] = (world.asked[0]?.headers.authorization ?? '').split('.');
    expect(JSON.parse(Buffer.from(payload, 'base64url').toString())).to.deep.include({
      iss: 'sallyport-local-operator',
      aud: 'api://sallyport',
      sub: 'local-operator',
      name: 'tester',
    });
  });

  it('makes names and addresses of what people type', () => {
    expect(completeUrl('3000')).to.equal('http://localhost:3000/');
    expect(completeUrl('wiki.corp.example:8080/x')).to.equal('http://wiki.corp.example:8080/x');
    expect(completeUrl('https://a')).to.equal('https://a');
    expect(() => completeUrl('a b')).to.throw('is no address');
    expect(nameOf('http://localhost:3000')).to.equal('localhost-3000');
    expect(nameOf('https://wiki.corp.example/')).to.equal('wiki');
    expect(nameOf('http://10.0.0.5:8080')).to.equal('10-0-0-5-8080');
    expect(nameOf('http://[::1]:80')).to.equal('1');
  });
});
