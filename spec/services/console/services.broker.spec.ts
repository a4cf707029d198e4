import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { request } from 'undici';
import {
  accessRecords,
  auditEvents,
  changeConnector,
  changeLimit,
  connectors,
  decision,
  endSession,
  endSessions,
  replay,
} from '#libs/contracts';
import { SallyportError } from '#libs/errors';
import { type ConsoleWorld, startConsoleWorld } from './support.ts';

describe('console API over other services', () => {
  let world: ConsoleWorld;
  before(async () => {
    world = await startConsoleWorld();
  });
  after(() => world.stop());

  describe('errors of services', () => {
    const answered = async (error: Error) => {
      await world.fake(changeConnector, () => {
        throw error;
      });
      return world.call('PATCH', '/v1/connectors/con_1', { body: { name: 'x' } });
    };

    it('refused: 422 with the message, or the status of the code', async () => {
      const plain = await answered(new SallyportError('ERR_CONNECTOR_NAME', 'name is empty', { expose: true }));
      expect([plain.status, plain.json.detail]).to.deep.equal([422, 'name is empty']);
      const revoked = await answered(new SallyportError('ERR_CONNECTOR_REVOKED', 'revoked', { expose: true }));
      expect(revoked.status).to.equal(409);
    });
    it('retryable: 503 with Retry-After', async () => {
      const answer = await answered(new SallyportError('ERR_EVENTS_UNAVAILABLE', 'secret inside', { retryable: true }));
      expect([answer.status, answer.headers['retry-after'], answer.json.retryable]).to.deep.equal([503, '2', true]);
      expect(answer.text).to.not.contain('secret');
    });
    it('unexpected: 500 without inside detail, and the next request is served', async () => {
      const answer = await answered(new TypeError('secret inside'));
      expect([answer.status, answer.json.code]).to.deep.equal([500, 'ERR_INTERNAL']);
      expect(answer.text).to.not.contain('secret');
      expect((await world.call('GET', '/v1/health')).status).to.equal(200);
    });
    it('no service there: 503', async () => {
      const answer = await world.call('GET', '/v1/limits');
      expect([answer.status, answer.json.code]).to.deep.equal([503, 'ERR_MESSAGING_NO_SERVICE']);
    });
  });

  it('changes a connector in two commands, each on the revision before it', async () => {
    const seen: unknown[] = [];
    const connector = {
      id: 'con_1',
      revision: 3,
      name: 'one',
      machineName: 'host',
      version: '1',
      status: 'active',
      connectorGroupId: 'default',
      userPublicKey: 'U',
      certificateThumbprint: 'aa',
      presence: 'online',
      lastSeenAt: null,
    } as const;
    await world.fake(connectors, () => ({ connectors: [connector] }));
    await world.fake(changeConnector, ({ command, expectedRevision, commandId }) => {
      seen.push([command.type, expectedRevision, commandId.endsWith('-1')]);
      return { connector: { ...connector, revision: (expectedRevision ?? 0) + 1 } };
    });
    const body = { name: 'two', connectorGroupId: 'other' };
    const answer = await world.call('PATCH', '/v1/connectors/con_1', { body, headers: { 'if-match': '"3"' } });
    expect(answer.headers.etag).to.equal('"5"');
    expect(seen).to.deep.equal([
      ['RenameConnector', 3, false],
      ['AssignConnectorToGroup', 4, true],
    ]);
  });

  it('sets and resets limits and ends sessions', async () => {
    const seen: unknown[] = [];
    await world.fake(changeLimit, ({ scope, requestsPerSecond }) => {
      seen.push([scope, requestsPerSecond]);
      return { scope, requestsPerSecond: requestsPerSecond ?? 500, isDefault: requestsPerSecond === null, revision: 1 };
    });
    await world.fake(endSession, ({ sessionId, reason }) => {
      seen.push([sessionId, reason]);
      return { sessionId, revision: 2 };
    });
    expect(
      (await world.call('PUT', '/v1/limits/app_1', { body: { requestsPerSecond: 9 } })).json.requestsPerSecond,
    ).to.equal(9);
    expect((await world.call('DELETE', '/v1/limits/app_1')).json.isDefault).to.equal(true);
    expect((await world.call('DELETE', '/v1/sessions/ses_1')).status).to.equal(200);
    expect(seen).to.deep.equal([
      ['app_1', 9],
      ['app_1', null],
      ['ses_1', 'revoked'],
    ]);
  });

  it('ends all sessions of a user or at an app, and never all of everybody', async () => {
    const seen: unknown[] = [];
    await world.fake(endSessions, ({ user, appId }) => {
      seen.push([user, appId]);
      return { sessionIds: ['ses_1', 'ses_2'] };
    });
    expect((await world.call('DELETE', '/v1/sessions?user=ada')).json).to.deep.equal({
      sessionIds: ['ses_1', 'ses_2'],
    });
    expect((await world.call('DELETE', '/v1/sessions?user=ada&appId=app_1')).status).to.equal(200);
    for (const query of ['', '?user=', '?subject=ada', '?users=ada'])
      expect((await world.call('DELETE', `/v1/sessions${query}`)).status, query).to.equal(400);
    expect(seen).to.deep.equal([
      ['ada', undefined],
      ['ada', 'app_1'],
    ]);
  });

  describe('trail', () => {
    const event = (position: number) => ({
      position,
      id: `e${position}`,
      type: 'AppPublished',
      at: '2026-01-01T00:00:00.000Z',
      tenant: 'main',
      context: 'routing',
      thing: 'app',
      subjectId: 'app_1',
      actor: { kind: 'user', id: 'u' },
      correlationId: 'c',
      data: {},
    });

    it('answers a page, waiting as long as asked', async () => {
      const asked: unknown[] = [];
      await world.fake(auditEvents, (given) => {
        asked.push(given);
        return { events: [event(5)], next: 5, head: 5 };
      });
      const answer = await world.call('GET', '/v1/events?after=4&limit=10&wait=1.5&types=AppPublished,AppRetired');
      expect(answer.json.events?.[0]?.position).to.equal(5);
      expect(asked).to.deep.equal([{ after: 4, limit: 10, waitMs: 1500, types: ['AppPublished', 'AppRetired'] }]);
    });

    it('streams events as lines until the caller leaves', async () => {
      let position = 0;
      let isAsked = 0;
      await world.fake(auditEvents, ({ after: behind }) => {
        isAsked += 1;
        if (isAsked > 3) return new Promise(() => undefined);
        position = behind + 1;
        return isAsked === 2
          ? { events: [], next: behind, head: behind }
          : { events: [event(position)], next: position, head: position };
      });
      const answer = await request(`https://127.0.0.1:${world.port}/v1/events?after=10`, {
        dispatcher: world.agent,
        headers: { authorization: 'Bearer admin', accept: 'application/x-ndjson' },
      });
      expect(answer.headers['content-type']).to.contain('application/x-ndjson');
      let text = '';
      for await (const chunk of answer.body) {
        text += String(chunk);
        if (text.includes('"position":12')) break;
      }
      const lines = text.split('\n').filter((line) => line !== '');
      expect(lines.map((line) => JSON.parse(line).position)).to.deep.equal([11, 12]);
      expect(text).to.contain('\n\n');
    });

    it('answers access records and replay', async () => {
      await world.fake(accessRecords, () => ({ records: [], next: 3, more: false }));
      await world.fake(replay, ({ at }) => ({
        at,
        position: 1,
        commits: 1,
        apps: [],
        connectorGroups: [],
        connectors: [],
        sessions: [],
      }));
      expect((await world.call('GET', '/v1/access-records?after=2')).json.next).to.equal(3);
      expect((await world.call('GET', '/v1/replay?at=2026-01-01T00:00:00Z')).json.commits).to.equal(1);
      expect((await world.call('GET', '/v1/replay?at=yesterday')).json.code).to.equal('ERR_API_INVALID');
    });

    it('answers a decision by its receipt, and 404 for what is none', async () => {
      const asked: string[] = [];
      await world.fake(decision, ({ decisionId }) => {
        asked.push(decisionId);
        return {
          decisionId,
          at: '2026-01-01T00:00:00.000Z',
          verdict: 'denied' as const,
          appId: 'app_1',
          appName: 'Wiki',
          sessionId: 'ses_1',
          credential: null,
          subject: 'oid-bob',
          username: 'bob@example.com',
          requestId: 'req_1',
          address: '192.0.2.1',
          reasons: ['session-active', 'app-published', 'user-unassigned'],
          appRevision: 3,
          policySetRevision: 0,
          challenge: null,
          signOnRefused: null,
          inputs: null,
          policies: [],
          replayed: null,
        };
      });
      const { status, json } = await world.call('GET', '/v1/decisions/dec_1');
      expect([status, json.verdict, json.appName]).to.deep.equal([200, 'denied', 'Wiki']);
      for (const id of ['dec.1', '%3E', '*', 'x'.repeat(65)]) {
        const refused = await world.call('GET', `/v1/decisions/${id}`);
        expect([refused.status, refused.json.code], id).to.deep.equal([404, 'ERR_DECISION_ABSENT']);
      }
      expect(asked).to.deep.equal(['dec_1']);
    });
  });
});
