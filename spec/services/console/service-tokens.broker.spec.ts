import { expect } from 'chai';
import { after, before, beforeEach, describe, it } from 'mocha';
import type { z } from 'zod';
import { changeServiceToken, type ServiceTokenView, serviceTokens } from '#libs/contracts';
import { SallyportError } from '#libs/errors';
import { type ConsoleWorld, startConsoleWorld } from './support.ts';

const VIEW: ServiceTokenView = {
  id: 'stk_1',
  revision: 9,
  name: 'ci',
  status: 'active',
  appIds: ['app_1'],
  expiresAt: '2026-12-22T10:00:00.000Z',
  previousUntil: null,
};

describe('service tokens in the console API', () => {
  let world: ConsoleWorld;
  const asked: z.infer<typeof changeServiceToken.request>[] = [];
  let refusal: Error | undefined;
  before(async () => {
    world = await startConsoleWorld();
    await world.fake(serviceTokens, ({ appId }) => ({ serviceTokens: appId === 'app_2' ? [] : [VIEW] }));
    await world.fake(changeServiceToken, (request) => {
      asked.push(request);
      if (refusal !== undefined) throw refusal;
      return { serviceToken: VIEW, token: 'sallyport_stk_1_secret' };
    });
  });
  beforeEach(() => {
    asked.length = 0;
    refusal = undefined;
  });
  after(() => world.stop());

  it('are listed, also those of one app', async () => {
    expect((await world.call('GET', '/v1/service-tokens')).json).to.deep.equal({ serviceTokens: [VIEW] });
    expect((await world.call('GET', '/v1/service-tokens?appId=app_2')).json).to.deep.equal({ serviceTokens: [] });
  });

  it('are issued with 201 and the token, which no cache keeps', async () => {
    const body = { name: 'ci', appIds: ['app_1'], lifetimeDays: 7 };
    const answer = await world.call('POST', '/v1/service-tokens', { body });
    expect(answer.status).to.equal(201);
    expect(answer.json).to.deep.equal({ serviceToken: VIEW, token: 'sallyport_stk_1_secret' });
    expect(answer.headers['cache-control']).to.contain('no-store');
    expect(asked[0]?.command).to.deep.equal({ type: 'IssueServiceToken', ...body });
  });

  it('are rotated, given other apps and revoked by their id', async () => {
    await world.call('POST', '/v1/service-tokens/stk_1/rotate', { body: { overlapHours: 0 } });
    await world.call('PUT', '/v1/service-tokens/stk_1/apps', { body: { appIds: ['app_2'] } });
    await world.call('DELETE', '/v1/service-tokens/stk_1?reason=lost');
    expect(asked.map(({ command }) => command)).to.deep.equal([
      { type: 'RotateServiceToken', id: 'stk_1', overlapHours: 0 },
      { type: 'ChangeServiceTokenApps', id: 'stk_1', appIds: ['app_2'] },
      { type: 'RevokeServiceToken', id: 'stk_1', reason: 'lost' },
    ]);
  });

  it('are changed on the revision that If-Match names', async () => {
    const headers = { 'if-match': '"9"' };
    await world.call('POST', '/v1/service-tokens/stk_1/rotate', { headers });
    await world.call('PUT', '/v1/service-tokens/stk_1/apps', { body: { appIds: ['app_2'] }, headers });
    await world.call('DELETE', '/v1/service-tokens/stk_1', { headers });
    expect(asked.map(({ expectedRevision }) => expectedRevision)).to.deep.equal([9, 9, 9]);
    await world.call('DELETE', '/v1/service-tokens/stk_1');
    expect(asked.at(-1)).not.to.have.property('expectedRevision');
  });

  for (const [path, body] of [
    ['/v1/service-tokens', { name: 'ci', appIds: [] }],
    ['/v1/service-tokens', { name: '', appIds: ['app_1'] }],
    ['/v1/service-tokens', { name: 'ci', appIds: ['app_1'], lifetimeDays: 367 }],
    ['/v1/service-tokens', { name: 'ci', appIds: ['app_1'], secret: 'mine' }],
    ['/v1/service-tokens/stk_1/rotate', { overlapHours: 169 }],
  ] as const)
    it(`are not asked for with ${JSON.stringify(body)}`, async () => {
      expect((await world.call('POST', path, { body })).status).to.equal(400);
      expect(asked).to.have.length(0);
    });

  it('are refused with the status of the reason', async () => {
    for (const [code, status] of [
      ['ERR_SERVICE_TOKEN_ABSENT', 404],
      ['ERR_SERVICE_TOKEN_REVOKED', 409],
      ['ERR_SERVICE_TOKEN_NAME', 409],
      ['ERR_SERVICE_TOKEN_APP', 422],
    ] as const) {
      refusal = new SallyportError(code, 'no', { expose: true });
      const answer = await world.call('DELETE', '/v1/service-tokens/stk_1');
      expect([answer.status, answer.json.code]).to.deep.equal([status, code]);
    }
  });

  it('are for administrators alone', async () => {
    expect((await world.call('GET', '/v1/service-tokens', { token: null })).status).to.equal(401);
  });
});
