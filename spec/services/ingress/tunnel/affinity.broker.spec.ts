import { expect } from 'chai';
import { after, before, describe, it } from 'mocha';
import { connect, type NatsConnection } from 'nats';
import { natsTransport, type ServerExchange, TunnelServer } from '#libs/tunnel-protocol';
import { until } from '../../../support/until.ts';
import { allow, COOKIE } from '../support/fake-auth.ts';
import { ask } from '../support/http-client.ts';
import { appView, DOMAIN, GROUP, type IngressRig, startIngressRig } from '../support/ingress-rig.ts';

const SESSIONS = 'abcdefghijklmnop'.split('');

describe('ingress: several connectors of one group', () => {
  let rig: IngressRig;
  let connection: NatsConnection;
  let other: TunnelServer;

  before(async () => {
    rig = await startIngressRig({
      apps: [
        appView('sticky', { sessionAffinity: true, preauthentication: 'oidc' }),
        appView('loose', { preauthentication: 'oidc' }),
      ],
      onRequest: (exchange) => answer(exchange, 'first'),
    });
    rig.auth.authorize = ({ accessCookie }) => allow({ sessionId: `ses_${accessCookie}` });
    connection = await connect({ servers: rig.nats.url, noAsyncTraces: true });
    other = new TunnelServer({
      transport: natsTransport(connection),
      connectorId: 'con_other',
      onRequest: (exchange) => answer(exchange, 'second'),
    });
    other.serve({ group: GROUP, queue: 'secret' });
    await connection.flush();
    // A member is known once the queue of the group has drawn it, and its heartbeat was heard.
    const isSpread = async () => {
      const seen: string[] = [...(await names('loose', 'a'))];
      for (const session of SESSIONS) seen.push(...(await names('sticky', session, 1)));
      return new Set(seen.slice(12)).size === 2;
    };
    await until(isSpread, { what: 'both connectors to be known' });
  });
  after(async () => {
    await other.stop();
    await connection.close();
    await rig.stop();
  });

  it('spreads requests over them', async () => {
    expect(new Set(await names('loose', 'a')).size).to.equal(2);
  });

  it('keeps a user session on one where the app wants it, and different sessions on both', async () => {
    const seen = new Set<string>();
    for (const session of SESSIONS) {
      const [name, ...rest] = new Set(await names('sticky', session, 4));
      expect(rest, session).to.deep.equal([]);
      seen.add(name ?? '');
    }
    expect(seen.size).to.equal(2);
  });

  it('goes on with the other one when the one of a session leaves', async () => {
    const [before] = await names('sticky', 'a');
    const leaving = before === 'first' ? rig.connector : other;
    await leaving.drain();
    const answers = await names('sticky', 'a');
    expect(new Set(answers)).to.deep.equal(new Set([before === 'first' ? 'second' : 'first']));
  });

  async function names(app: string, session: string, count = 12): Promise<string[]> {
    const headers = { cookie: COOKIE.replace('sealed-1', session) };
    const seen: string[] = [];
    // One after the other: those of one turn go to one connector together.
    for (let i = 0; i < count; i += 1) seen.push((await ask(rig, '/', { host: `${app}.${DOMAIN}`, headers })).text);
    return seen;
  }
});

function answer(exchange: ServerExchange, name: string) {
  exchange.respondHead(200, ['Content-Length', String(name.length)]);
  exchange.write(Buffer.from(name));
  exchange.end();
  return { onCancel: () => undefined };
}
