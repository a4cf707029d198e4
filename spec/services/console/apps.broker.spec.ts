import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { apps, changeApp } from '#libs/contracts';
import { SallyportError } from '#libs/errors';
import { APP, type ConsoleWorld, PUBLISH, startConsoleWorld } from './support.ts';

describe('console API for apps', () => {
  const commands: { command?: unknown; actor: unknown; commandId: string; expectedRevision?: number | undefined }[] =
    [];
  let world: ConsoleWorld;
  before(async () => {
    world = await startConsoleWorld();
    await world.fake(changeApp, (given) => {
      commands.push(given);
      if (given.expectedRevision !== undefined && given.expectedRevision !== APP.revision)
        throw new SallyportError('ERR_EVENTS_STALE_REVISION', 'stale', { expose: true });
      return { app: { ...APP, revision: APP.revision + 1 } };
    });
    await world.fake(apps, ({ id }) => ({
      position: 7,
      apps: id === undefined || id === APP.id ? [APP] : [],
      next: null,
    }));
  });
  after(() => world.stop());
  const last = () => commands.at(-1);

  describe('apps', () => {
    it('are published with the caller as actor', async () => {
      const answer = await world.call('POST', '/v1/apps', { body: { ...PUBLISH, backendTimeoutSeconds: 'long' } });
      expect(answer.status).to.equal(201);
      expect(answer.headers.location).to.equal('/v1/apps/app_1');
      expect(answer.headers.etag).to.equal('"8"');
      expect(last()?.actor).to.deep.equal({ kind: 'user', id: 'oid-1', name: 'ada' });
      expect(last()?.command).to.deep.equal({
        type: 'PublishApp',
        settings: { ...PUBLISH, backendTimeoutSeconds: 180 },
      });
    });

    it('are published by the local operator under that name', async () => {
      await world.call('POST', '/v1/apps', { token: 'operator', body: PUBLISH });
      expect(last()?.actor).to.deep.equal({ kind: 'local-operator', id: 'local-operator', name: 'me' });
    });

    it('carry their revision as ETag, and a stale If-Match is 412', async () => {
      const read = await world.call('GET', '/v1/apps/app_1');
      expect(read.headers.etag).to.equal('"7"');
      const change = (etag: string) =>
        world.call('PATCH', '/v1/apps/app_1', { body: { name: 'New' }, headers: { 'if-match': etag } });
      expect((await change('"7"')).status).to.equal(200);
      const stale = await change('"6"');
      expect([stale.status, stale.json.code]).to.deep.equal([412, 'ERR_EVENTS_STALE_REVISION']);
      expect((await change('W/"7"')).json.code).to.equal('ERR_API_IF_MATCH');
      expect((await change('*')).status).to.equal(200);
    });

    it('merge a part of the cookie flags with what stands, on that revision', async () => {
      await world.call('PATCH', '/v1/apps/app_1', { body: { cookieFlags: { sameSite: 'none' } } });
      expect(last()?.expectedRevision).to.equal(7);
      expect(last()?.command).to.deep.equal({
        type: 'ChangeApp',
        appId: 'app_1',
        changes: { cookieFlags: { httpOnly: true, persistent: false, sameSite: 'none' } },
      });
    });

    it('take the settings of names, browsers and origins, a CORS rule with what it leaves out', async () => {
      const body = {
        alternateHosts: ['wiki.example.com'],
        segments: null,
        hsts: { maxAgeSeconds: 60 },
        corsRules: [{ allowedOrigins: ['https://portal.example.com'], maxAgeSeconds: 5 }],
        maxRequestBodyBytes: 1024,
        originProtocol: 'h2',
      };
      expect((await world.call('PATCH', '/v1/apps/app_1', { body })).status).to.equal(200);
      expect(last()?.command).to.deep.equal({
        type: 'ChangeApp',
        appId: 'app_1',
        changes: {
          ...body,
          hsts: { maxAgeSeconds: 60, includeSubDomains: false },
          corsRules: [
            {
              resource: '/',
              allowedOrigins: ['https://portal.example.com'],
              allowedMethods: ['GET', 'HEAD', 'POST'],
              allowedHeaders: [],
              exposedHeaders: [],
              allowCredentials: false,
              maxAgeSeconds: 5,
            },
          ],
        },
      });
      for (const wrong of [
        { corsRules: [{ resource: '/' }] },
        { corsRules: [{ allowedOrigins: ['https://a.b'], origins: [] }] },
        { originProtocol: 'h3' },
        { originClientCertificate: 'a/b' },
        { hsts: { maxAgeSeconds: -1 } },
      ])
        expect((await world.call('PATCH', '/v1/apps/app_1', { body: wrong })).json.code).to.equal('ERR_API_INVALID');
    });

    it('take assignments of users, groups and app roles', async () => {
      await world.call('PUT', '/v1/apps/app_1/assignments/users/u%201');
      expect(last()?.command).to.deep.equal({ type: 'AssignToApp', appId: 'app_1', userIds: ['u 1'], groupIds: [] });
      await world.call('DELETE', '/v1/apps/app_1/assignments/groups/g1');
      expect(last()?.command).to.deep.equal({ type: 'UnassignFromApp', appId: 'app_1', userIds: [], groupIds: ['g1'] });
      const named = { appId: 'app_1', userIds: [], groupIds: [], roles: ['Wiki/Reader'] };
      await world.call('PUT', '/v1/apps/app_1/assignments/roles/Wiki%2FReader');
      expect(last()?.command).to.deep.equal({ type: 'AssignToApp', ...named });
      await world.call('DELETE', '/v1/apps/app_1/assignments/roles/Wiki%2FReader');
      expect(last()?.command).to.deep.equal({ type: 'UnassignFromApp', ...named });
    });

    it('are absent with 404', async () => {
      expect((await world.call('GET', '/v1/apps/none')).json.code).to.equal('ERR_APP_ABSENT');
    });

    it('take one command for the same Idempotency-Key, another for another path', async () => {
      const post = async (path: string, key: string) => {
        await world.call('POST', path, { body: PUBLISH, headers: { 'idempotency-key': key } });
        return last()?.commandId;
      };
      const first = await post('/v1/apps', 'k1');
      expect(await post('/v1/apps', 'k1')).to.equal(first);
      expect(await post('/v1/apps', 'k2')).to.not.equal(first);
      const bad = await world.call('POST', '/v1/apps', { body: PUBLISH, headers: { 'idempotency-key': 'a b' } });
      expect(bad.json.code).to.equal('ERR_API_IDEMPOTENCY_KEY');
    });
  });

  describe('bad input', () => {
    const refused = async (options: Parameters<ConsoleWorld['call']>[2], method = 'POST', path = '/v1/apps') => {
      const before = commands.length;
      const answer = await world.call(method, path, options);
      expect(commands.length, 'nothing was sent on').to.equal(before);
      expect(answer.headers['content-type']).to.contain('application/problem+json');
      expect(answer.json.requestId).to.equal(answer.headers['x-request-id']);
      return [answer.status, answer.json.code, answer.json.detail];
    };

    it('an unknown field is named', async () => {
      const [status, code, detail] = await refused({ body: { ...PUBLISH, nmae: 'x' } });
      expect([status, code]).to.deep.equal([400, 'ERR_API_INVALID']);
      expect(detail).to.contain('nmae');
    });
    it('a wrong value is named with what was expected', async () => {
      const [, , detail] = await refused({ body: { ...PUBLISH, backendTimeoutSeconds: 3601 } });
      expect(detail).to.contain('backendTimeoutSeconds: expected a whole number of seconds from 1 to 3600');
    });
    it('broken JSON', async () => {
      expect((await refused({ raw: '{"name":' })).slice(0, 2)).to.deep.equal([400, 'ERR_API_BODY_SYNTAX']);
    });
    it('JSON that is no object', async () => {
      expect((await refused({ raw: '[]' })).slice(0, 2)).to.deep.equal([400, 'ERR_API_INVALID']);
    });
    it('a body that is not JSON', async () => {
      const headers = { 'content-type': 'text/plain' };
      expect((await refused({ raw: 'name=x', headers })).slice(0, 2)).to.deep.equal([415, 'ERR_API_MEDIA_TYPE']);
    });
    it('a compressed body', async () => {
      const headers = { 'content-encoding': 'gzip' };
      expect((await refused({ raw: Buffer.from([31, 139]), headers })).slice(0, 2)).to.deep.equal([
        415,
        'ERR_API_MEDIA_TYPE',
      ]);
    });
    it('a body over 256 KiB', async () => {
      const body = { ...PUBLISH, name: 'x'.repeat(256 * 1024) };
      expect((await refused({ body })).slice(0, 2)).to.deep.equal([413, 'ERR_API_BODY_TOO_LARGE']);
    });
    it('an unknown query field', async () => {
      expect((await refused({}, 'GET', '/v1/apps?page=2')).slice(0, 2)).to.deep.equal([400, 'ERR_API_INVALID']);
    });
    it('a path that cannot be decoded', async () => {
      expect((await refused({}, 'GET', '/v1/apps/%zz')).slice(0, 2)).to.deep.equal([400, 'ERR_API_INVALID']);
    });
    it('a method that the path does not take', async () => {
      const answer = await world.call('POST', '/v1/apps/app_1');
      expect([answer.status, answer.json.code, answer.headers.allow]).to.deep.equal([
        405,
        'ERR_API_METHOD',
        'GET, PATCH, DELETE',
      ]);
    });
    it('an Authorization header that is no bearer token', async () => {
      const answer = await world.call('GET', '/v1/apps', { token: null, headers: { authorization: 'Basic eDp5' } });
      expect([answer.status, answer.json.details?.reason]).to.deep.equal([401, 'token-malformed']);
    });
  });
});
