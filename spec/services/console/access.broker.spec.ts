import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { createRoutes } from '../../../services/console/src/api/service-routes.ts';
import { type ConsoleWorld, startConsoleWorld } from './support.ts';

/** Every route, with parameters filled in. */
const ROUTES = createRoutes({ ask: () => Promise.reject(new Error('not asked')) }, async () => true);
const filled = (path: string) => `/v1${path.replace(/:\w+/g, 'x')}`;

describe('access to the console API', () => {
  let world: ConsoleWorld;
  before(async () => {
    world = await startConsoleWorld();
  });
  after(() => world.stop());

  describe('who may call', () => {
    for (const route of ROUTES.filter(({ isPublic }) => !isPublic)) {
      it(`${route.method.toUpperCase()} ${route.path} needs an administrator's token`, async () => {
        const call = (token: string | null) => world.call(route.method.toUpperCase(), filled(route.path), { token });
        const none = await call(null);
        expect([none.status, none.json.code]).to.deep.equal([401, 'ERR_API_TOKEN_MISSING']);
        expect(none.headers['www-authenticate']).to.match(/^Bearer/);
        const expired = await call('expired');
        expect([expired.status, expired.json.code]).to.deep.equal([401, 'ERR_API_TOKEN_REFUSED']);
        expect(expired.json.details?.reason).to.equal('token-expired');
        const user = await call('user');
        expect([user.status, user.json.code]).to.deep.equal([403, 'ERR_API_NOT_ADMINISTRATOR']);
      });
    }

    it('answers health and its description to everybody', async () => {
      expect((await world.call('GET', '/v1/health', { token: null })).json).to.deep.equal({
        status: 'ok',
        service: 'console',
      });
      expect((await world.call('GET', '/v1/openapi.json', { token: null })).json.openapi).to.equal('3.1.0');
    });

    it('denies with 503 when auth cannot tell', async () => {
      const answer = await world.call('GET', '/v1/apps', { token: 'broken' });
      expect([answer.status, answer.json.code, answer.json.detail]).to.deep.equal([
        503,
        'ERR_AUTH_KEYS',
        'internal error',
      ]);
      expect(answer.headers['retry-after']).to.equal('2');
    });

    it('does not say to strangers which paths exist', async () => {
      expect((await world.call('GET', '/v1/nothing', { token: null })).status).to.equal(401);
      expect((await world.call('GET', '/v1/nothing')).json.code).to.equal('ERR_API_ROUTE');
    });
  });

  it('describes exactly the routes it answers', async () => {
    const { paths } = JSON.parse((await world.call('GET', '/v1/openapi.json')).text) as {
      paths: Record<string, Record<string, { parameters?: { name: string; in: string }[] }>>;
    };
    const described = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method} ${path}`),
    );
    const expected = ROUTES.map(({ method, path }) => `${method} /v1${path.replace(/:(\w+)/g, '{$1}')}`);
    expect(described.sort()).to.deep.equal(expected.sort());
    for (const route of ROUTES) {
      const answer = await world.call(route.method.toUpperCase(), filled(route.path), {
        token: 'admin',
        headers: { accept: 'application/json' },
      });
      expect(answer.json?.code, `${route.method} ${route.path}`).to.not.be.oneOf(['ERR_API_ROUTE', 'ERR_API_METHOD']);
      const described = paths[`/v1${route.path.replace(/:(\w+)/g, '{$1}')}`]?.[route.method];
      const names = described?.parameters?.filter((one) => one.in === 'path').map(({ name }) => name) ?? [];
      expect(names).to.deep.equal([...route.path.matchAll(/:(\w+)/g)].map(([, name]) => name));
    }
  });

  it('sends the headers that keep browsers out', async () => {
    const { headers } = await world.call('GET', '/v1/health');
    expect(headers).to.include({ 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' });
    expect(headers['content-security-policy']).to.contain("default-src 'none'");
    expect(headers).to.not.have.any.keys('x-powered-by', 'access-control-allow-origin');
  });
});
