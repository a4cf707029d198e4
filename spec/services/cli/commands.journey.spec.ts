import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { APP, type Asked, type CliWorld, CONNECTOR, type FakeAnswer, startCliWorld, text } from './support.ts';

const GROUP = { id: 'default', name: 'Default', status: 'active', revision: 1 };
const SESSION = {
  id: 'ses_1',
  status: 'active',
  username: 'ada',
  name: 'Ada',
  subject: 'oid-ada',
  authenticatedAt: '2026-01-01T00:00:00Z',
  expiresAt: '2026-01-01T08:00:00Z',
  address: '127.0.0.1',
  userAgent: 'x',
  apps: ['app_1'],
  signInRisk: 'low',
  deviceId: 'dev_1',
};
const LIMIT = { scope: 'app_1', requestsPerSecond: 9, isDefault: false, revision: 1 };

/** An API with one of everything; changes are answered with the thing as it was. */
function api({ method, path }: Asked): FakeAnswer {
  const [kind = ''] = path.split(/[/?]/);
  if (method === 'GET') {
    if (kind === 'apps') return { body: { apps: [APP], next: null } };
    if (kind === 'connector-groups') return { body: { groups: [GROUP] } };
    if (kind === 'connectors') return { body: { connectors: [CONNECTOR] } };
    if (kind === 'sessions') return { body: { sessions: [SESSION] } };
    if (kind === 'health') return { body: { status: 'ok' } };
    if (kind === 'limits')
      return {
        body: {
          defaults: { app: 500, tenant: 750 },
          limits: [{ scope: 'app_1', requestsPerSecond: 9, breached: true, revision: 1 }],
        },
      };
  }
  if (kind === 'apps') return { body: APP };
  if (kind === 'connector-groups') return { body: GROUP };
  if (kind === 'connectors') return { body: CONNECTOR };
  if (kind === 'limits') return { body: LIMIT };
  if (path.startsWith('sessions?')) return { body: { sessionIds: ['ses_1', 'ses_2'] } };
  if (kind === 'sessions') return { body: { sessionId: 'ses_1', revision: 2 } };
  return undefined;
}

describe('sallyport commands', () => {
  let world: CliWorld;
  before(async () => {
    world = await startCliWorld();
    world.answer(api);
  });
  after(() => world.stop());

  /** The command's output, and its last change as `METHOD path body`. */
  const run = async (line: string) => {
    world.asked.length = 0;
    const ran = await world.run(line.split(' '));
    expect([ran.code, ran.err], line).to.deep.equal([0, '']);
    const change = world.asked.findLast(({ method }) => method !== 'GET');
    const sent =
      change && `${change.method} ${change.path}${change.body === undefined ? '' : ` ${JSON.stringify(change.body)}`}`;
    return { out: ran.out, sent, headers: change?.headers };
  };

  it('list apps in a table', async () => {
    expect((await run('apps list')).out).to.equal(text`
      name            external URL                                      internal URL            sign-in   group    assigned  id
      localhost-3000  https://localhost-3000.sallyport.localhost:8443/  http://localhost:3000/  required  default  0         app_1
    `);
  });

  it('show an app by name, external URL or id', async () => {
    const shown = text`
      setting                    value
      name                       localhost-3000
      id                         app_1
      status                     published
      external URL               https://localhost-3000.sallyport.localhost:8443/
      internal URL               http://localhost:3000/
      sign-in                    required (oidc)
      connector group            default
      backend timeout            85 s
      idle timeout               18000 s
      access cookie              HttpOnly on, persistent off, SameSite lax
      header translation         on
      link translation           off
      HSTS                       off (the origin's own passes)
      CORS                       no rule: answered by the app itself
      session affinity           off
      WebSocket                  on
      gRPC                       on
      request body limit         off
      backend certificate check  on
      origin authorities         those the connector trusts
      origin client certificate  none
      origin protocol            auto
      identity provider          the first
      access tokens              not taken
      origin authorization       what the client sends
      users                      none
      groups                     none
      app roles                  none
      revision                   7
    `;
    expect((await run('apps show localhost-3000')).out).to.equal(shown);
    expect((await run('apps show app_1')).out).to.equal(shown);
    expect((await run('apps show localhost-3000.sallyport.localhost')).out).to.equal(shown);
  });

  it('change, retire, assign and unassign apps', async () => {
    const changed = await run('apps change app_1 --name New --timeout 10 --cookie-http-only off --revision 7');
    expect(changed.sent).to.equal(
      'PATCH apps/app_1 {"backendTimeoutSeconds":10,"cookieFlags":{"httpOnly":false},"name":"New"}',
    );
    expect(changed.headers?.['if-match']).to.equal('"7"');
    const retired = await run('apps retire app_1');
    expect([retired.sent, retired.out]).to.deep.equal(['DELETE apps/app_1', 'localhost-3000 is retired\n']);
    expect((await run('apps assign app_1 --user ada')).sent).to.equal('PUT apps/app_1/assignments/users/oid-ada');
    expect((await run('apps unassign app_1 --group g/1')).sent).to.equal('DELETE apps/app_1/assignments/groups/g%2F1');
    expect((await run('apps assign app_1 --role Wiki.Reader')).sent).to.equal(
      'PUT apps/app_1/assignments/roles/Wiki.Reader',
    );
    expect((await run('apps unassign app_1 --role a/b')).sent).to.equal('DELETE apps/app_1/assignments/roles/a%2Fb');
  });

  it('list, create, rename and retire connector groups', async () => {
    expect((await run('groups list')).out).to.equal(text`
      name     id       status  apps  connectors  online
      Default  default  active  1     1           1
    `);
    expect((await run('groups create East --id east')).sent).to.equal(
      'POST connector-groups {"name":"East","id":"east"}',
    );
    expect((await run('groups rename default Main')).sent).to.equal('PATCH connector-groups/default {"name":"Main"}');
    expect((await run('groups retire Default')).sent).to.equal('DELETE connector-groups/default');
  });

  it('list, assign, rename and revoke connectors', async () => {
    expect((await run('connectors list')).out).to.equal(text`
      name      status  presence  group    machine  version  last seen                 id
      embedded  active  online    default  host     0.1.0    2026-01-01T00:00:00.000Z  con_1
    `);
    expect((await run('connectors assign embedded Default')).sent).to.equal(
      'PATCH connectors/con_1 {"connectorGroupId":"default"}',
    );
    expect((await run('connectors rename con_1 east')).sent).to.equal('PATCH connectors/con_1 {"name":"east"}');
    expect((await run('connectors revoke con_1 --reason lost')).sent).to.equal('DELETE connectors/con_1?reason=lost');
  });

  it('list, set and reset limits', async () => {
    expect((await run('limits list')).out).to.equal(text`
      scope           requests/s  state
      every app       500         default
      tenant          750         default
      localhost-3000  9           exceeded now
    `);
    const set = await run('limits set localhost-3000 9');
    expect([set.sent, set.out]).to.deep.equal([
      'PUT limits/app_1 {"requestsPerSecond":9}',
      'localhost-3000 may get 9 requests/s\n',
    ]);
    expect((await run('limits reset tenant')).sent).to.equal('DELETE limits/tenant');
  });

  it('list and revoke sessions', async () => {
    expect((await run('sessions list')).out).to.equal(text`
      user  status  signed in             until                 address    apps  risk  device  id
      ada   active  2026-01-01T00:00:00Z  2026-01-01T08:00:00Z  127.0.0.1  1     low   dev_1   ses_1
    `);
    expect(await run('sessions revoke ses_1')).to.include({
      sent: 'DELETE sessions/ses_1',
      out: 'session ses_1 is ended\n',
    });
    expect(await run('sessions revoke --user bob --app localhost-3000')).to.include({
      sent: 'DELETE sessions?user=oid-bob&appId=app_1',
      out: '2 sessions are ended\n',
    });
    for (const line of ['sessions revoke', 'sessions revoke ses_1 --user bob'])
      expect((await world.run(line.split(' '))).code, line).to.equal(2);
  });

  it('say the state of the system', async () => {
    const { out } = await run('status');
    expect(out).to.match(/^what {12}value\nstatus {10}ok\n/);
    expect(out).to.match(/^connectors {6}1 of 1 online$/m);
  });

  it('print JSON with --json, and nothing else', async () => {
    for (const line of [
      'apps list',
      'groups list',
      'connectors list',
      'limits list',
      'sessions list',
      'status',
      'apps show app_1',
    ])
      JSON.parse((await run(`${line} --json`)).out);
    expect(JSON.parse((await run('apps list --json')).out)).to.deep.equal({ apps: [APP] });
  });

  it('do not let names steer the terminal', async () => {
    world.answer((asked) =>
      asked.path.startsWith('apps') ? { body: { apps: [{ ...APP, name: 'a\u001b[31mb' }], next: null } } : api(asked),
    );
    expect((await run('apps list')).out).to.not.contain('\u001b');
    world.answer(api);
  });

  it('read all pages of apps', async () => {
    world.answer(({ path }) => {
      const isSecond = path.includes('after=app_1');
      return { body: { apps: [isSecond ? { ...APP, id: 'app_2' } : APP], next: isSecond ? null : 'app_1' } };
    });
    expect((await run('apps list')).out.split('\n').filter((line) => /app_\d$/.test(line))).to.have.length(2);
    world.answer(api);
  });

  it('color on a terminal only, and not with NO_COLOR', async () => {
    const colored = await world.run(['apps', 'list'], { isTerminal: true });
    expect(colored.out).to.contain('\u001b[2mname\u001b[0m');
    const plain = await world.run(['apps', 'list'], { isTerminal: true, env: { NO_COLOR: '1' } });
    expect(plain.out).to.not.contain('\u001b');
  });

  it('run the connector with its arguments and answer its exit code by our classes', async () => {
    const ran: unknown[] = [];
    const runProgram = async (service: string, args: readonly string[]) => {
      ran.push([service, ...args]);
      return 77;
    };
    const { code } = await world.run(['connector', 'register', '--service', 'x', '--token-stdin'], { runProgram });
    await world.run(['connector', 'run', '--', '--help'], { runProgram });
    world.writeSystemFile({ connectorEndpointUrl: 'https://localhost:8444' });
    await world.run(['connector', 'register', '--name', 'east'], { runProgram });
    world.writeSystemFile();
    expect(code).to.equal(3);
    expect(ran).to.deep.equal([
      ['connector', 'register', '--service', 'x', '--token-stdin'],
      ['connector', 'run', '--help'],
      ['connector', 'register', '--service', 'https://localhost:8444', '--ca-file', world.caFile, '--name', 'east'],
    ]);
  });
});
