import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { readInstant } from '../../../services/cli/src/commands/replay.ts';
import { type CliWorld, startCliWorld, text } from './support.ts';

const event = (position: number, data: Record<string, unknown> = {}) => ({
  position,
  id: `e${position}`,
  type: 'AppRenamed',
  at: '2026-01-01T00:00:00.000Z',
  tenant: 'main',
  context: 'routing',
  thing: 'app',
  subjectId: 'app_1',
  actor: { kind: 'user', id: 'oid-1', name: 'ada' },
  correlationId: 'req_1',
  data,
});

describe('sallyport over the trail', () => {
  let world: CliWorld;
  before(async () => {
    world = await startCliWorld();
  });
  after(() => world.stop());

  it('prints facts page by page and ends with --no-follow', async () => {
    world.answer(({ path }) => {
      const from = Number(new URL(path, 'http://x').searchParams.get('after'));
      if (from > 1000) return { body: { events: [], next: from, head: 42 } };
      return { body: { events: [event(from + 1, { name: 'N' })], next: from + 1, head: 24 } };
    });
    const ran = await world.run(['events', 'tail', '--no-follow']);
    expect(ran.out.split('\n')[0]).to.equal(
      '2026-01-01T00:00:00.000Z  23  AppRenamed  app app_1 by user ada  {"name":"N"}',
    );
    expect(ran.out.trimEnd().split('\n')).to.have.length(2);
    expect(ran.code).to.equal(0);
  });

  it('follows the stream and opens it again behind the last fact', async () => {
    const stop = new AbortController();
    const asked: (string | null)[] = [];
    world.answer(({ path, headers }) => {
      const { searchParams } = new URL(path, 'http://x');
      if (headers.accept === 'application/json') return { body: { events: [], next: 5, head: 5 } };
      asked.push(searchParams.get('after'));
      if (asked.length === 1) return { lines: [event(6), event(8)] };
      stop.abort();
      return { lines: [] };
    });
    const ran = await world.run(['events', 'tail', '--after', '5', '--json'], { signal: stop.signal });
    expect(
      ran.out
        .trimEnd()
        .split('\n')
        .map((line) => (JSON.parse(line) as { position: number }).position),
    ).to.deep.equal([6, 8]);
    expect(asked).to.deep.equal(['5', '8']);
    expect(ran.code).to.equal(0);
  });

  it('prints access records page by page', async () => {
    const record = {
      requestId: 'req_1',
      at: '2026-01-01T00:00:00.000Z',
      ingressId: 'ing_1',
      address: '127.0.0.1',
      method: 'GET',
      host: 'wiki.sallyport.localhost:8443',
      path: '/a',
      status: 403,
      outcome: 'denied',
      reason: 'user-not-assigned',
      appId: 'app_1',
      connectorId: null,
      sessionId: null,
      subject: null,
      username: 'carol',
      decisionId: null,
      durationMs: 3.4,
      requestBytes: 0,
      responseBytes: 10,
      userAgent: 'x',
    };
    world.answer(({ path }) => ({ body: { records: [record], next: 9, more: !path.includes('after=9') } }));
    const ran = await world.run(['access', 'tail', '--no-follow']);
    expect(ran.out.split('\n')[0]).to.equal(
      '2026-01-01T00:00:00.000Z  403  GET wiki.sallyport.localhost:8443/a  denied (user-not-assigned)  carol  3 ms  req_1',
    );
    expect(world.asked.map(({ path }) => path.includes('since='))).to.deep.equal([true, false]);
  });

  it('prints the state as it was', async () => {
    world.answer(({ path }) => ({
      body: {
        at: new URL(path, 'http://x').searchParams.get('at'),
        position: 9,
        commits: 3,
        apps: [{ id: 'app_1', name: 'Wiki', status: 'published', externalUrl: 'https://wiki.example/' }],
        connectorGroups: [],
        connectors: [],
        sessions: [{ id: 'ses_1', status: 'active', principal: { username: 'ada' } }],
      },
    }));
    const ran = await world.run(['replay', '--at', '2026-01-01T10:02:00Z']);
    expect(ran.out).to.equal(text`
      as of 2026-01-01T10:02:00.000Z, after 3 commits up to position 9

      apps
      name  status     external url           id
      Wiki  published  https://wiki.example/  app_1

      connector groups
      none

      connectors
      none

      user sessions
      username  status  id
      ada       active  ses_1
    `);
  });

  it('reads instants and times ago', () => {
    const now = Date.parse('2026-01-01T00:10:00Z');
    expect(readInstant('5m', now)).to.equal('2026-01-01T00:05:00.000Z');
    expect(readInstant('2026-01-01T10:02:00+01:00', now)).to.equal('2026-01-01T09:02:00.000Z');
    for (const bad of ['yesterday', '10:02', '5 minutes', '2026-13-01'])
      expect(() => readInstant(bad, now), bad).to.throw('expected an instant');
  });
});
