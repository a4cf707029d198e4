import type { Socket } from 'node:net';
import { expect } from 'chai';
import { afterEach, describe, it } from 'mocha';
import type { AuthorizeCall } from '../../../../services/connector/src/origins/kerberos/authorize-call.ts';
import { createAuthorizeCall } from '../../../../services/connector/src/origins/kerberos/authorize-call.ts';
import type { TicketRequest } from '../../../../services/connector/src/origins/kerberos/tickets.ts';
import { until } from '../../../support/until.ts';
import { OriginWorld, originConfig, type RunningOrigin, request, startRawOrigin } from '../origin-world.ts';

const KERBEROS = { servicePrincipalName: 'HTTP/wiki', realm: null, mechanism: 'spnego' } as const;

describe('a call that waits for the ticket of its user', () => {
  const kept: { stop(): Promise<unknown> }[] = [];
  const keep = <T extends { stop(): Promise<unknown> }>(one: T): T => {
    kept.push(one);
    return one;
  };
  afterEach(async () => {
    for (const one of kept.splice(0).reverse()) await one.stop();
  });

  /** Answers 200 to a whole request, 101 to an upgrade, and keeps what came. */
  const startOrigin = async (): Promise<{ origin: RunningOrigin; heads: string[] }> => {
    const heads: string[] = [];
    const onSocket = (socket: Socket) => {
      let seen = '';
      socket.on('data', (chunk: Buffer) => {
        seen += chunk.toString('latin1');
        const [head = '', body] = seen.split('\r\n\r\n');
        const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
        if (body === undefined || body.length < length) return;
        heads.push(seen);
        seen = '';
        if (/upgrade: websocket/i.test(head))
          socket.write('HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n');
        else socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok');
      });
    };
    return { origin: keep(await startRawOrigin(onSocket)), heads };
  };
  const start = async (authorize?: AuthorizeCall) => {
    const { origin, heads } = await startOrigin();
    const app = originConfig(origin.url, { kerberos: KERBEROS });
    const world = keep(await OriginWorld.start([app], authorize === undefined ? {} : { authorize }));
    return { world, heads };
  };
  const granting: AuthorizeCall = (_target, fields) =>
    Promise.resolve({ kind: 'fields', fields: [...fields, 'Authorization', 'Negotiate ticket'] });

  it('goes out with it, body and all', async () => {
    const { world, heads } = await start(granting);
    const { head } = await world.fetch('POST', '/', { body: Buffer.from('hello') });
    expect(head?.status).to.equal(200);
    expect(heads[0]).to.match(/^POST \/ HTTP\/1\.1.*\r\nAuthorization: Negotiate ticket\r\n.*\r\n\r\nhello$/s);
  });

  it('opens a WebSocket with it', async () => {
    const { world, heads } = await start(granting);
    const fields = ['connection', 'upgrade', 'upgrade', 'websocket'];
    const open = { ...request('GET', '/', { fields }), isUpgrade: true };
    void world.pair.fetch(open);
    await until(() => heads.length === 1);
    expect(heads[0]).to.include('Authorization: Negotiate ticket');
  });

  it('does not go out when it is refused, whatever body it has', async () => {
    const reason = 'kerberos-user-refused';
    const { world, heads } = await start(() => Promise.resolve({ kind: 'refused', reason, text: 'nobody' }));
    for (const body of [undefined, Buffer.alloc(300_000, 'x')]) {
      const { failure } = await world.fetch('POST', '/', body === undefined ? {} : { body });
      expect([failure?.reason, failure?.text]).to.deep.equal([reason, 'nobody']);
    }
    expect(heads).to.have.length(0);
  });

  it('does not go out when its connector has no Kerberos', async () => {
    const { world, heads } = await start();
    expect((await world.fetch('GET', '/')).failure?.reason).to.equal('kerberos-unavailable');
    expect(heads).to.have.length(0);
  });

  it('does not go out when the connector stops meanwhile', async () => {
    let grant: () => void = () => undefined;
    const { world, heads } = await start(
      (_target, fields) => new Promise((resolve) => (grant = () => resolve({ kind: 'fields', fields }))),
    );
    const answer = world.fetch('GET', '/');
    await until(() => world.origins.active === 1);
    await world.origins.stop();
    grant();
    expect((await answer).failure?.reason).to.equal('stopped');
    expect([heads.length, world.origins.active]).to.deep.equal([0, 0]);
  });
});

describe('what a call asks for', () => {
  const target = { ...KERBEROS, audience: 'https://one.test' };
  const asked: TicketRequest[] = [];
  const authorize = createAuthorizeCall(
    (assertion) =>
      Promise.resolve(
        assertion === undefined ? { kind: 'refused', text: 'none' } : { kind: 'login', login: assertion },
      ),
    {
      ask: (ticket) => {
        asked.push(ticket);
        return Promise.resolve({ kind: 'token', token: 'AAA=', keptForMs: 0 });
      },
    },
  );

  it('is a ticket in the asserted name, in place of every Authorization of the client', async () => {
    const fields = [
      'X-SALLYPORT-Assertion',
      'alice',
      'AUTHORIZATION',
      'Basic x',
      'Accept',
      '*/*',
      'authorization',
      'y',
    ];
    expect(await authorize(target, fields)).to.deep.equal({
      kind: 'fields',
      fields: ['X-SALLYPORT-Assertion', 'alice', 'Accept', '*/*', 'Authorization', 'Negotiate AAA='],
    });
    expect(asked.at(-1)).to.deep.equal({
      user: { text: 'alice', kind: 'account' },
      service: { text: 'HTTP/wiki', kind: 'account' },
      mechanism: 'spnego',
    });
  });

  it('is nothing without an assertion, or with a name that is none', async () => {
    asked.length = 0;
    expect(await authorize(target, ['X-Sallyport-User', 'alice'])).to.deep.include({ reason: 'assertion-refused' });
    expect(await authorize(target, ['x-sallyport-assertion', 'a/b'])).to.deep.include({
      reason: 'kerberos-user-refused',
    });
    expect(asked).to.have.length(0);
  });
});
