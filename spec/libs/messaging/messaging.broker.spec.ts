import { expect } from 'chai';
import { after, afterEach, before, describe, it } from 'mocha';
import { connect, type NatsConnection } from 'nats';
import { z } from 'zod';
import { endpoint, feed } from '#libs/contracts';
import { SallyportError } from '#libs/errors';
import { callEndpoint, connectBroker, publishFeed, serveEndpoint, subscribeFeed } from '#libs/messaging';
import { createLogger } from '#libs/telemetry';
import { type RunningNatsServer, startNatsServer } from '../../support/nats-server.ts';
import { until } from '../../support/until.ts';

const logger = createLogger({ service: 'spec', write: () => undefined });
const half = endpoint(
  (tenant) => `qry.${tenant}.spec.half`,
  z.object({ n: z.number() }),
  z.object({ half: z.number() }),
);
const news = feed((tenant) => `cfg.${tenant}.spec.news`, z.object({ n: z.number() }));

describe('messaging', () => {
  let server: RunningNatsServer;
  let client: NatsConnection;
  let service: NatsConnection;
  const served: { drain(): Promise<void> }[] = [];

  before(async () => {
    server = await startNatsServer();
    client = await connect({ servers: server.url });
    service = await connect({ servers: server.url });
  });
  afterEach(async () => {
    await Promise.all(served.splice(0).map((one) => one.drain()));
  });
  after(async () => {
    await client?.close();
    await service?.close();
    await server?.stop();
  });

  const serve = async (
    handler: (request: { n: number }) => { half: number } | Promise<{ half: number }>,
    maxConcurrent?: number,
  ) => {
    served.push(
      serveEndpoint(service, 'main', half, handler, {
        queue: 'spec',
        logger,
        ...(maxConcurrent ? { maxConcurrent } : {}),
      }),
    );
    await service.flush();
  };
  const failureOf = (work: Promise<unknown>) =>
    work.then(
      () => ({ code: 'none' }),
      (error: unknown) => error as SallyportError,
    );

  it('carries a request and its reply', async () => {
    await serve(({ n }) => ({ half: n / 2 }));
    expect(await callEndpoint(client, 'main', half, { n: 4 })).to.deep.equal({ half: 2 });
  });

  it('refuses a request that does not fit, naming the field', async () => {
    await serve(({ n }) => ({ half: n / 2 }));
    const failure = (await failureOf(callEndpoint(client, 'main', half, { n: 'four' } as never))) as SallyportError;
    expect(failure.code).to.equal('ERR_MESSAGING_REQUEST');
    expect(failure.message).to.contain('n:');
  });

  it('passes on code and message of an exposed error, the bare code of any other', async () => {
    await serve(({ n }) => {
      if (n === 1) throw new SallyportError('ERR_SHOWN', 'because', { expose: true, details: { n } });
      throw new SallyportError('ERR_HIDDEN', 'secret');
    });
    const shown = (await failureOf(callEndpoint(client, 'main', half, { n: 1 }))) as SallyportError;
    expect(shown).to.include({ code: 'ERR_SHOWN', message: 'because', expose: true });
    const hidden = (await failureOf(callEndpoint(client, 'main', half, { n: 2 }))) as SallyportError;
    expect(hidden.code).to.equal('ERR_HIDDEN');
    expect(hidden.message).to.not.contain('secret');
  });

  it('says at once that no service answers, and later that one is silent; both may be tried again', async () => {
    expect(await failureOf(callEndpoint(client, 'main', half, { n: 1 }))).to.include({
      code: 'ERR_MESSAGING_NO_SERVICE',
      retryable: true,
    });
    await serve(() => new Promise((resolve) => setTimeout(() => resolve({ half: 0 }), 300)));
    expect(await failureOf(callEndpoint(client, 'main', half, { n: 1 }, { timeoutMs: 50 }))).to.include({
      code: 'ERR_MESSAGING_TIMEOUT',
      retryable: true,
    });
  });

  it('refuses more than its bound of requests at once', async () => {
    let release: () => void = () => undefined;
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    await serve(async () => {
      await gate;
      return { half: 1 };
    }, 2);
    const calls = [1, 2, 3].map((n) => failureOf(callEndpoint(client, 'main', half, { n })));
    expect(await calls[2]).to.include({ code: 'ERR_MESSAGING_OVERLOADED', retryable: true });
    release();
    expect(await Promise.all(calls.slice(0, 2))).to.deep.equal([{ code: 'none' }, { code: 'none' }]);
  });

  it('refuses an answer that does not fit the contract', async () => {
    await serve(() => ({ half: 'two' }) as never);
    expect(await failureOf(callEndpoint(client, 'main', half, { n: 4 }))).to.include({ code: 'ERR_MESSAGING_REPLY' });
  });

  it('finishes what it has begun when it drains', async () => {
    await serve(() => new Promise((resolve) => setTimeout(() => resolve({ half: 5 }), 50)));
    const call = callEndpoint(client, 'main', half, { n: 10 });
    await client.flush();
    await Promise.all(served.splice(0).map((one) => one.drain()));
    expect(await call).to.deep.equal({ half: 5 });
  });

  it('gives every subscriber of a feed each message that fits, and drops the others', async () => {
    const heard: number[] = [];
    const subscriptions = [client, service].map((nc) =>
      subscribeFeed(nc, 'main', news, ({ n }) => heard.push(n), { logger }),
    );
    await Promise.all([client.flush(), service.flush()]);
    client.publish('cfg.main.spec.news', 'garbage');
    publishFeed(client, 'main', news, { n: 7 });
    await until(() => heard.length === 2);
    expect(heard).to.deep.equal([7, 7]);
    for (const subscription of subscriptions) subscription.stop();
  });

  it('names a credentials file that cannot be read', async () => {
    const access = { servers: ['127.0.0.1:1'], caFile: '/nowhere/ca.pem' };
    const failure = await failureOf(
      connectBroker({ access, credsFile: '/nowhere/x.creds', name: 'spec', inboxPrefix: '_INBOX_spec', logger }),
    );
    expect(failure).to.include({ code: 'ERR_MESSAGING_CREDENTIALS' });
  });
});
