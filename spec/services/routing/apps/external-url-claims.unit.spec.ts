import { expect } from 'chai';
import { describe, it } from 'mocha';
import {
  type AppCommand,
  appAggregate,
  evolveExternalUrl,
  externalUrlAggregate,
  initialExternalUrlState,
} from '#libs/contracts';
import { isSallyportError, SallyportError } from '#libs/errors';
import {
  type AggregateRef,
  type AppendOutcome,
  type CommitMetadata,
  type Fact,
  InMemoryEventStore,
} from '#libs/events';
import { handleAppCommand } from '../../../../services/routing/src/apps/app.api.ts';
import { externalUrlId } from '../../../../services/routing/src/apps/external-url-claims.ts';
import { ensureDefaultConnectorGroup } from '../../../../services/routing/src/connector-groups/connector-group.api.ts';
import { ROUTING_AGGREGATES } from '../../../../services/routing/src/ports.ts';
import { followReadModel } from '../../../../services/routing/src/read-model.ts';
import type { RoutingContext } from '../../../../services/routing/src/routing-context.ts';
import { OPERATOR, silent, TENANT } from '../support.ts';

const URL_A = 'https://a.sallyport.localhost:8443/';
const URL_B = 'https://b.sallyport.localhost:8443/';
const GRACE_MS = 180_000;

/** Called ahead of every append; throwing is what a crash or a lost broker looks like. */
type Fault = (ref: AggregateRef, facts: readonly Fact[]) => void | Promise<void>;

class FaultyStore extends InMemoryEventStore {
  fault: Fault = () => undefined;
  override async append<F extends Fact>(
    ref: AggregateRef<F>,
    expectedRevision: number,
    facts: readonly F[],
    metadata: CommitMetadata,
  ): Promise<AppendOutcome> {
    await this.fault(ref, facts);
    return super.append(ref, expectedRevision, facts, metadata);
  }
}

async function startRouting() {
  const store = new FaultyStore({ types: ROUTING_AGGREGATES });
  const clock = { ms: Date.parse('2026-01-01T00:00:00Z') };
  const readModel = await followReadModel(store, TENANT, silent);
  const context: RoutingContext = {
    tenant: TENANT,
    store,
    readModel,
    policy: { domain: 'sallyport.localhost', externalPort: 8443, reservedHosts: [] },
    now: () => clock.ms,
    logger: silent,
  };
  await ensureDefaultConnectorGroup(context);
  let count = 0;
  const send = async (command: AppCommand, more: { commandId?: string; expectedRevision?: number } = {}) => {
    count += 1;
    const request = { commandId: `cmd_${count}`, correlationId: 'req_1', actor: OPERATOR, command, ...more };
    return (await handleAppCommand(context, request)).app;
  };
  const publish = (appId: string, externalUrl = URL_A, commandId?: string) =>
    send(
      { type: 'PublishApp', appId, settings: { name: appId, internalUrl: 'http://localhost:1', externalUrl } },
      commandId === undefined ? {} : { commandId },
    );
  const move = (appId: string, externalUrl: string, expectedRevision?: number) =>
    send(
      { type: 'ChangeApp', appId, changes: { externalUrl } },
      expectedRevision === undefined ? {} : { expectedRevision },
    );
  const holderOf = async (externalUrl: string) => {
    const ref = { tenant: TENANT, type: externalUrlAggregate, id: externalUrlId(externalUrl) };
    const state = (await store.load(ref)).facts.reduce(evolveExternalUrl, initialExternalUrlState);
    return state.status === 'free' ? null : state.appId;
  };
  return { store, clock, context, send, publish, move, holderOf, stop: () => readModel.stop() };
}

type World = Awaited<ReturnType<typeof startRouting>>;

/** A spec with a routing of its own. */
const routing = (run: (world: World) => Promise<void>) => async () => {
  const world = await startRouting();
  try {
    await run(world);
  } finally {
    await world.stop();
  }
};

const crash = () => {
  throw new SallyportError('ERR_EVENTS_UNAVAILABLE', 'the process ended here', { retryable: true });
};
const isOf = (thing: string) => (ref: AggregateRef) => ref.type.thing === thing;

async function codeOf(work: Promise<unknown>): Promise<string> {
  const [outcome] = await Promise.allSettled([work]);
  if (outcome.status === 'fulfilled') return 'done';
  const error: unknown = outcome.reason;
  return isSallyportError(error) ? `${error.code}${error.retryable ? ' retryable' : ''}` : String(error);
}

describe('claims on external URLs', () => {
  it(
    'let exactly one of many concurrent publications win',
    routing(async ({ publish, holderOf }) => {
      const ids = Array.from({ length: 20 }, (_none, index) => `app_${index}`);
      const outcomes = await Promise.all(ids.map((id) => codeOf(publish(id))));
      expect(outcomes.filter((one) => one === 'done')).to.have.length(1);
      for (const one of outcomes.filter((each) => each !== 'done'))
        expect(one).to.be.oneOf([
          'ERR_APP_DUPLICATE_URL',
          'ERR_APP_DUPLICATE_URL retryable',
          'ERR_APP_URL_CONTENDED retryable',
        ]);
      expect(await holderOf(URL_A)).to.equal(ids[outcomes.indexOf('done')]);
    }),
  );

  it(
    'let exactly one of a publication and a move win',
    routing(async ({ publish, move }) => {
      await publish('app_1', URL_B);
      const outcomes = await Promise.all([codeOf(publish('app_2')), codeOf(move('app_1', URL_A))]);
      expect(outcomes.filter((one) => one === 'done')).to.have.length(1);
    }),
  );

  describe('when the process ends between claim and publication', () => {
    const crashed = async ({ store, publish }: World) => {
      store.fault = (ref) => (isOf('app')(ref) ? crash() : undefined);
      expect(await codeOf(publish('app_1', URL_A, 'cmd_crashed'))).to.equal('ERR_EVENTS_UNAVAILABLE retryable');
      store.fault = () => undefined;
    };

    it(
      'the same command again completes it at once',
      routing(async (world) => {
        await crashed(world);
        expect((await world.publish('app_1', URL_A, 'cmd_crashed')).externalUrl).to.equal(URL_A);
      }),
    );

    it(
      'others are told to wait while it may still go on, then take the URL over',
      routing(async (world) => {
        await crashed(world);
        world.clock.ms += GRACE_MS - 1;
        expect(await codeOf(world.publish('app_2'))).to.equal('ERR_APP_DUPLICATE_URL retryable');
        world.clock.ms += 1;
        expect(await codeOf(world.publish('app_2'))).to.equal('done');
        expect(await world.holderOf(URL_A)).to.equal('app_2');
        expect(await codeOf(world.publish('app_1', URL_A, 'cmd_crashed')), 'the late retry').to.equal(
          'ERR_APP_DUPLICATE_URL',
        );
      }),
    );
  });

  it(
    'when the process ends between retirement and release, the URL is free after the grace time',
    routing(async ({ store, clock, send, publish }) => {
      await publish('app_1');
      store.fault = (_ref, facts) => (facts[0]?.type === 'ExternalUrlReleased' ? crash() : undefined);
      expect(await codeOf(send({ type: 'RetireApp', appId: 'app_1' })), 'the retirement itself took effect').to.equal(
        'done',
      );
      store.fault = () => undefined;
      clock.ms += GRACE_MS;
      expect(await codeOf(publish('app_2'))).to.equal('done');
    }),
  );

  it(
    'a process held up after its claim does not publish any more',
    routing(async ({ store, clock, publish, holderOf }) => {
      store.fault = (ref) => {
        if (isOf('external-url')(ref)) clock.ms += 10_001;
      };
      expect(await codeOf(publish('app_1'))).to.equal('ERR_APP_URL_CONTENDED retryable');
      store.fault = () => undefined;
      clock.ms += GRACE_MS;
      expect(await codeOf(publish('app_2'))).to.equal('done');
      expect(await holderOf(URL_A)).to.equal('app_2');
    }),
  );

  describe('of an app with several URLs', () => {
    const withHosts = (appId: string, alternateHosts: string[], externalUrl = URL_A): AppCommand => ({
      type: 'PublishApp',
      appId,
      settings: { name: appId, internalUrl: 'http://localhost:1', externalUrl, alternateHosts },
    });

    it(
      'are made for each, and given back when one of them belongs to another app',
      routing(async ({ send, publish, holderOf }) => {
        await publish('app_1', URL_B);
        expect(await codeOf(send(withHosts('app_2', ['b.sallyport.localhost'])))).to.equal('ERR_APP_DUPLICATE_URL');
        expect([await holderOf(URL_A), await holderOf(URL_B)]).to.deep.equal([null, 'app_1']);
        await send(withHosts('app_2', ['c.sallyport.localhost']));
        expect(await codeOf(publish('app_3', 'https://c.sallyport.localhost/'))).to.equal('ERR_APP_DUPLICATE_URL');
      }),
    );

    it(
      'are released one by one as hosts and segments change, all when it retires',
      routing(async ({ send, holderOf }) => {
        const at = (host: string) => holderOf(`https://${host}:8443/`);
        await send(withHosts('app_1', ['*.b.example.com'], 'https://*.a.example.com/'));
        await send({ type: 'ChangeApp', appId: 'app_1', changes: { alternateHosts: ['*.c.example.com'] } });
        expect([await at('*.b.example.com'), await at('*.c.example.com')]).to.deep.equal([null, 'app_1']);
        const segments = [{ externalUrl: 'https://x.a.example.com/', internalUrl: 'http://x/' }];
        await send({ type: 'ChangeApp', appId: 'app_1', changes: { alternateHosts: [], segments } });
        expect([await at('*.c.example.com'), await at('x.a.example.com')]).to.deep.equal([null, 'app_1']);
        expect(await at('*.a.example.com'), 'the wildcard stays with the app').to.equal('app_1');
        await send({ type: 'RetireApp', appId: 'app_1' });
        expect([await at('*.a.example.com'), await at('x.a.example.com')]).to.deep.equal([null, null]);
      }),
    );
  });

  it(
    'a move frees the URL that was left, and takes it back when asked',
    routing(async ({ publish, move, holderOf }) => {
      await publish('app_1');
      await move('app_1', URL_B);
      expect([await holderOf(URL_A), await holderOf(URL_B)]).to.deep.equal([null, 'app_1']);
      await move('app_1', URL_A);
      expect([await holderOf(URL_A), await holderOf(URL_B)]).to.deep.equal(['app_1', null]);
    }),
  );

  it(
    'a late release never frees a claim that was renewed since',
    routing(async ({ store, publish, move, holderOf }) => {
      await publish('app_1');
      let isFirst = true;
      store.fault = async (_ref, facts) => {
        if (facts[0]?.type !== 'ExternalUrlReleased' || !isFirst) return;
        isFirst = false;
        // While the release of A hangs, the app goes back to A.
        await move('app_1', URL_A);
      };
      await move('app_1', URL_B);
      expect(await holderOf(URL_A)).to.equal('app_1');
      expect(await codeOf(publish('app_2'))).to.equal('ERR_APP_DUPLICATE_URL');
    }),
  );

  it(
    'a refused second step gives the new URL back',
    routing(async ({ store, send, publish, move, holderOf }) => {
      const app = await publish('app_1');
      let isFirst = true;
      store.fault = async (ref) => {
        if (!isOf('external-url')(ref) || !isFirst) return;
        isFirst = false;
        await send({ type: 'ChangeApp', appId: 'app_1', changes: { name: 'meanwhile' } });
      };
      expect(await codeOf(move('app_1', URL_B, app.revision))).to.equal('ERR_EVENTS_STALE_REVISION');
      expect([await holderOf(URL_A), await holderOf(URL_B)]).to.deep.equal(['app_1', null]);
    }),
  );

  it(
    'a refused publication claims nothing',
    routing(async ({ send, store }) => {
      const settings = {
        name: 'x',
        internalUrl: 'http://localhost:1',
        externalUrl: URL_A,
        connectorGroupId: 'none' as never,
      };
      expect(await codeOf(send({ type: 'PublishApp', appId: 'app_1', settings }))).to.equal('ERR_GROUP_ABSENT');
      expect(await codeOf(send({ type: 'ChangeApp', appId: 'app_1', changes: { externalUrl: URL_A } }))).to.equal(
        'ERR_APP_ABSENT',
      );
      const ref = { tenant: TENANT, type: externalUrlAggregate, id: externalUrlId(URL_A) };
      expect((await store.load(ref)).revision).to.equal(0);
      expect((await store.load({ tenant: TENANT, type: appAggregate, id: 'app_1' })).revision).to.equal(0);
    }),
  );
});
